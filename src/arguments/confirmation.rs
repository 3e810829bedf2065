//! What cannot be undone is asked for on a terminal, and takes `--yes` elsewhere.

use std::io::{self, BufRead, IsTerminal};
use std::sync::mpsc::channel;
use std::time::Duration;

use model::error::{Exit, Failure, Result};
use model::report;

/// For how long an operator is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// Asks for the name of what is concerned, which no one types by mistake. `what` is what will happen.
pub fn confirm(what: &str, name: &str, is_said: bool, again: &str) -> Result<()> {
    if is_said {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{what}: that cannot be undone, and was not confirmed"),
        )
        .next(format!("confirm it: {again} --yes")));
    }
    report::message(&format!("{what}. This cannot be undone. To go on, type its name, {name}:"));
    // The lock of the operation is held meanwhile: a prompt that was left alone keeps no other away for long.
    let (sender, typed) = channel();
    host::detached(move || {
        let mut typed = String::new();
        let read = io::stdin().lock().read_line(&mut typed);
        let _ = sender.send(read.map(|_| typed));
    })
    .map_err(|error| {
        Failure::new(Exit::TryAgain, format!("nothing can be asked on the terminal: {error}"))
            .next(format!("confirm it: {again} --yes"))
    })?;
    match typed.recv_timeout(PATIENCE) {
        Ok(Ok(typed)) if typed.trim() == name => Ok(()),
        Ok(_) => Err(Failure::new(Exit::Usage, "that is not its name: nothing was done")
            .next(format!("run the command again: {again}"))),
        Err(_) => {
            let minutes = PATIENCE.as_secs() / 60;
            Err(Failure::new(
                Exit::Usage,
                format!("nothing was typed for {minutes} minutes: nothing was done"),
            )
            .next(format!("run the command again: {again}")))
        }
    }
}
