//! bash, which breaks words where others do not.

use std::env;
use std::ffi::OsString;
use std::io::{Error, Write};
use std::path::Path;

use clap::Command;
use clap_complete::engine::complete;
use clap_complete::env::{Bash as Plain, EnvCompleter};

use super::typed::without_equals;

pub(super) struct Bash;

impl EnvCompleter for Bash {
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
        to.write_all(careful(&String::from_utf8_lossy(&script)).as_bytes())
    }

    /// Of `--zone=z` bash makes three words, and replaces the last alone.
    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        here: Option<&Path>,
        to: &mut dyn Write,
    ) -> Result<(), Error> {
        let index = env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|index| index.parse().ok());
        let (words, index) = without_equals(words, index.unwrap_or_default());
        let separator = env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".to_owned());
        let proposed = complete(command, words, index, here)?;
        let values: Vec<_> =
            proposed.iter().map(|candidate| candidate.get_value().to_string_lossy()).collect();
        to.write_all(values.join(&separator).as_bytes())
    }
}

/// The script of the library as it has to be for names that anyone may have given to a file: bash takes what
/// is proposed neither for patterns nor for words, and readline quotes what a shell would run.
fn careful(script: &str) -> String {
    const TAKEN: &str = r#"    )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
        return
    fi
    read -r -d '' -a COMPREPLY < <(printf '%s' "$proposed")
    local all
    printf -v all '%s' "${COMPREPLY[@]}"
    if [[ $all == *[!A-Za-z0-9_./=:@,+~-]* ]]; then
        compopt -o filenames 2> /dev/null
    fi
    if"#;
    script
        // bash says on the terminal that a program is not there.
        .replace("\"${words[@]}\" \\", "\"${words[@]}\" 2>/dev/null \\")
        .replace("    COMPREPLY=( $( \\", "    local proposed\n    proposed=$( \\")
        .replace("    ) )\n    if [[ $? != 0 ]]; then\n        unset COMPREPLY\n    elif", TAKEN)
}
