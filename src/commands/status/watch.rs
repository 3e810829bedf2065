//! `status --watch`: again and again, until Ctrl-C; on a terminal as one page that is drawn in place.

use std::process::ExitCode;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::page::Page;
use super::{Answer, Memory, Question, Warnings, exit_code, file, json, no_runtime, prometheus, text};
use crate::cli::{StatusArgs, StatusFormat};
use model::error::{Exit, Failure, Result};
use model::report::{self, Screen};
use store::zone_directory::CaPassphrase;

pub(super) fn run(arguments: &StatusArgs, passphrase: &CaPassphrase, seconds: u32) -> Result<ExitCode> {
    let interval = Duration::from_secs(seconds.into());
    live::on_runtime(watch(arguments, passphrase, interval)).map_err(|error| no_runtime(&error))?
}

/// The zone is opened again each time: its description may change, and the certificate in use become due.
async fn watch(arguments: &StatusArgs, passphrase: &CaPassphrase, interval: Duration) -> Result<ExitCode> {
    let mut ends = Ends::listen()?;
    let mut resize = listen(SignalKind::window_change())?;
    let mut memory = Memory::default();
    let mut warnings = Warnings::Shown;
    // Before the first answer.
    let mut code = Exit::Unavailable.into();
    let is_page = arguments.output.is_none() && arguments.format == StatusFormat::Text && Screen::is_there();
    let mut page: Option<Page> = None;
    loop {
        let started = Instant::now();
        let question = Question::prepare(arguments, passphrase, warnings)?;
        // After the warnings, which stay readable.
        if is_page && page.is_none() {
            page = Some(Page::open()?);
        }
        warnings = Warnings::Silent;
        let answer = tokio::select! {
            answer = question.ask(&mut memory) => answer,
            () = ends.next(page.as_mut()) => return Ok(code),
        };
        code = exit_code(answer.live.judgement.health);
        let is_read = match (&mut page, &arguments.output) {
            (Some(page), _) => page.show(text::render(&answer), &time_line(answer.live.at))?,
            (None, Some(path)) => file::replace(path, &render(&answer, arguments)?).map(|()| true)?,
            (None, None) => written(report::stream(&render(&answer, arguments)?))?,
        };
        if !is_read {
            return Ok(code);
        }
        loop {
            tokio::select! {
                () = sleep_until(started + interval) => break,
                () = ends.next(page.as_mut()) => return Ok(code),
                _ = resize.recv() => page.as_mut().map_or(Ok(true), Page::draw)?,
            };
        }
    }
}

fn render(answer: &Answer<'_>, arguments: &StatusArgs) -> Result<String> {
    let at = time_line(answer.live.at);
    let goes_to_file = arguments.output.is_some();
    Ok(match arguments.format {
        StatusFormat::Text if goes_to_file => text::render(answer),
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

pub(super) fn written(written: std::io::Result<bool>) -> Result<bool> {
    written
        .map_err(|error| Failure::new(Exit::CannotCreate, "cannot write to standard output").because(&error))
}

fn listen(kind: SignalKind) -> Result<Signal> {
    signal(kind).map_err(|error| Failure::internal("cannot listen for signals").because(&error))
}

/// What ends the watch.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Ends {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Ctrl-C, what a supervisor sends, a terminal that is gone, or `q` on a page.
    async fn next(&mut self, page: Option<&mut Page>) {
        let left = async {
            match page {
                Some(page) => page.left().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            () = left => {}
        }
    }
}
