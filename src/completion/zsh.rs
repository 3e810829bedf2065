//! zsh, which is slow with as many proposals as a large zone has nodes.

use std::ffi::OsString;
use std::io::{Error, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::{EnvCompleter, Zsh as Plain};

pub(super) struct Zsh;

impl EnvCompleter for Zsh {
    fn name(&self) -> &'static str {
        Plain.name()
    }

    fn is(&self, name: &str) -> bool {
        Plain.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        to: &mut dyn Write,
    ) -> Result<(), Error> {
        let mut script = Vec::new();
        Plain.write_registration(variable, name, program, completer, &mut script)?;
        to.write_all(for_many(&String::from_utf8_lossy(&script)).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        to: &mut dyn Write,
    ) -> Result<(), Error> {
        Plain.write_complete(command, words, here, to)
    }
}

/// The script of the library as it has to be for the nodes of a large zone: those are proposed without what
/// is said of each. zsh takes the square of their number to describe them, and to sort directories out.
fn for_many(script: &str) -> String {
    const EACH: &str = "        local -a dirs=()\n";
    const MANY: &str = r"        if (( $#completions > 1000 )) && [[ -z ${completions[(r)(*/|*/:*)]} ]]; then
            compadd -V values -- ${${${completions//\\:/$'\1'}%%:*}//$'\1'/:}
            return
        fi
";
    script.replace(EACH, &format!("{MANY}{EACH}"))
}
