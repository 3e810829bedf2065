//! What a shell may propose for a word that is typed: commands, options, and values that are here, such as
//! the nodes of the zone. The shell asks by a variable, and this program answers instead of doing what is
//! typed.
//!
//! What is printed stands on the command line that is typed. So nothing is printed but proposals, nothing is
//! written, and no member is asked.

mod bash;
mod typed;
mod values;
mod zsh;

use std::env;
use std::io;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells};

use bash::Bash;
use host::detached;
use zsh::Zsh;

const PROGRAM: &str = "zone-etcd";
/// How long a shell waits.
const LIMIT: Duration = Duration::from_secs(3);
/// Has the name of the shell that asks.
const VARIABLE: &str = "ZONE_ETCD_COMPLETE";

/// Whether a shell asks.
pub fn is_asked() -> bool {
    env::var_os(VARIABLE).is_some_and(|shell| !shell.is_empty())
}

/// Prints what may be typed. Where nothing can be told, nothing is proposed, and who types does not wait for
/// a zone that takes long to read.
pub fn answer() {
    let (done, answered) = channel();
    let begun = detached(move || {
        propose();
        let _ = done.send(());
    });
    if begun.is_ok() {
        let _ = answered.recv_timeout(LIMIT);
    }
}

fn propose() {
    let shells: [&dyn EnvCompleter; 5] = [&Bash, &Elvish, &Fish, &Powershell, &Zsh];
    let here = env::current_dir().ok();
    let asked = CompleteEnv::with_factory(values::command).var(VARIABLE).shells(Shells(&shells));
    let _ = asked.try_complete(env::args_os(), here.as_deref());
}

/// What a shell reads once, to ask from then on.
///
/// # Errors
/// A library could not write to memory.
pub fn script(shell: Shell) -> io::Result<String> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Elvish => &Elvish,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Zsh => &Zsh,
        _ => &Bash,
    };
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    let mut script = String::from_utf8_lossy(&script).trim_start().to_owned();
    if shell == Shell::Zsh {
        // As a file of fpath it is read when it is needed first, and has to answer at once.
        script.push_str(
            "\nif [[ $funcstack[1] == _zone-etcd ]]; then\n    \
             _clap_dynamic_completer_zone_etcd \"$@\"\nfi\n",
        );
    }
    Ok(script)
}
