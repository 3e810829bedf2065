//! `status --watch`: again and again, until Ctrl-C.

use std::process::ExitCode;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::{Answer, Memory, Question, Warnings, exit_code, file, json, no_runtime, prometheus, text};
use crate::cli::{StatusArgs, StatusFormat};
use model::error::{Exit, Failure, Result};
use model::report;
use store::zone_directory::CaPassphrase;

pub(super) fn run(arguments: &StatusArgs, passphrase: &CaPassphrase, seconds: u32) -> Result<ExitCode> {
    let interval = Duration::from_secs(seconds.into());
    live::on_runtime(watch(arguments, passphrase, interval)).map_err(|error| no_runtime(&error))?
}

/// The zone is opened again each time: its description may change, and the certificate in use become due.
async fn watch(arguments: &StatusArgs, passphrase: &CaPassphrase, interval: Duration) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let mut memory = Memory::default();
    let mut warnings = Warnings::Shown;
    // Before the first answer.
    let mut code = Exit::Unavailable.into();
    let is_page =
        arguments.output.is_none() && arguments.format == StatusFormat::Text && report::is_terminal();
    if is_page {
        show(report::clear())?;
    }
    loop {
        let started = Instant::now();
        let question = Question::prepare(arguments, passphrase, warnings)?;
        warnings = Warnings::Silent;
        let answer = tokio::select! {
            answer = question.ask(&mut memory) => answer,
            () = signals.next() => return Ok(code),
        };
        code = exit_code(answer.live.judgement.health);
        let text = render(&answer, arguments, is_page)?;
        let is_read = match &arguments.output {
            Some(path) => file::replace(path, &text).map(|()| true)?,
            None if is_page => show(report::redraw(&text))?,
            None => show(report::stream(&text))?,
        };
        if !is_read {
            return Ok(code);
        }
        tokio::select! {
            () = sleep_until(started + interval) => {}
            () = signals.next() => return Ok(code),
        }
    }
}

fn render(answer: &Answer<'_>, arguments: &StatusArgs, is_page: bool) -> Result<String> {
    let at = time_line(answer.live.at);
    let goes_to_file = arguments.output.is_some();
    Ok(match arguments.format {
        StatusFormat::Text if goes_to_file => text::render(answer),
        StatusFormat::Text if is_page => format!("{}\n{at}, Ctrl-C ends\n", text::render(answer)),
        StatusFormat::Text => format!("--- {at}\n{}", text::render(answer)),
        StatusFormat::Json => report::json_line(&json::Report::new(answer))
            .map_err(|error| Failure::internal("cannot make JSON").because(&error))?,
        StatusFormat::Prometheus if goes_to_file => prometheus::render(answer),
        StatusFormat::Prometheus => format!("# {at}\n{}", prometheus::render(answer)),
    })
}

fn time_line(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    at.format(format).unwrap_or_default()
}

fn show(written: std::io::Result<bool>) -> Result<bool> {
    written
        .map_err(|error| Failure::new(Exit::CannotCreate, "cannot write to standard output").because(&error))
}

/// Ctrl-C, and what a supervisor sends.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::internal("cannot listen for signals").because(&error))
        };
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
