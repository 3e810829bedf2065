//! How far long work is: one line on standard error while that is a terminal, gone when the work has ended.

mod watched;
mod work;

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use zone_pki::Visible;

use watched::is_shown_here;
pub use watched::show_progress_here;
pub use work::Unit;
use work::Work;

const REDRAW: Duration = Duration::from_millis(250);
const TEMPLATE: &str = "{bar:16} {wide_msg}";

static LINE: Mutex<Line> = Mutex::new(Line { works: Vec::new(), bar: None, held: 0, is_watched: None });

/// Work that is going on, until this is dropped. Of works within others the innermost is shown.
#[derive(Debug)]
#[must_use]
pub struct Progress(Instant);

struct Counted<'p, R> {
    from: R,
    progress: &'p Progress,
}

/// While it lives, the line is not drawn again: another program may ask something below it.
#[derive(Debug)]
#[must_use]
pub struct Held(());

#[derive(Debug)]
struct Line {
    /// The innermost is the last.
    works: Vec<Work>,
    /// None while nothing is shown.
    bar: Option<ProgressBar>,
    /// How many [`Held`] there are.
    held: usize,
    /// Whether a thread draws it. It goes on for ever.
    is_watched: Option<bool>,
}

impl Progress {
    /// Begins work of so many of what is counted, as `doing` says it: `issuing`.
    pub fn begin(doing: impl Into<String>, unit: Unit, all: u64) -> Self {
        let (mut line, begun) = (line(), Instant::now());
        if *line.is_watched.get_or_insert_with(is_shown_here) {
            let (doing, now) = (doing.into(), String::new());
            line.works.push(Work { begun, doing, unit, done: 0, all, since: begun, now });
        }
        Self(begun)
    }

    /// So many are done.
    pub fn set(&self, done: u64) {
        self.change(|work| work.done = done.min(work.all));
    }

    /// So many more are done.
    pub fn add(&self, more: u64) {
        self.change(|work| work.done = work.done.saturating_add(more).min(work.all));
    }

    /// There are so many, as is known by now.
    pub fn of(&self, all: u64) {
        self.change(|work| work.all = all);
    }

    /// What is going on within it.
    pub fn tell(&self, text: &str) {
        self.change(|work| work.now = Visible(text).to_string());
    }

    /// What is read of this is done.
    pub fn reading<R: Read>(&self, from: R) -> impl Read {
        Counted { from, progress: self }
    }

    fn change(&self, change: impl FnOnce(&mut Work)) {
        let mut line = line();
        let Some(work) = line.works.iter_mut().find(|work| work.begun == self.0) else { return };
        let before = work.done;
        change(work);
        if work.done != before {
            work.since = Instant::now();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let mut line = line();
        line.works.retain(|work| work.begun != self.0);
        if !line.works.iter().any(Work::is_shown) {
            line.clear();
        }
    }
}

impl Held {
    /// Leaves the line as it is.
    pub fn as_it_is() -> Self {
        line().held += 1;
        Self(())
    }

    /// Takes the line away first.
    pub fn cleared() -> Self {
        let mut line = line();
        line.held += 1;
        line.clear();
        Self(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        line().held -= 1;
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.progress.add(count as u64);
        Ok(count)
    }
}

/// Writes above the line.
pub(super) fn above<T>(write: impl FnOnce() -> T) -> T {
    // What does not read standard output holds up no work.
    let bar = line().bar.clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// What is going on within the work; false if no line is there to show it.
pub(super) fn tell(text: &str) -> bool {
    let mut line = line();
    if let Some(work) = line.works.last_mut() {
        work.now = Visible(text).to_string();
    }
    line.bar.is_some()
}

/// Draws the line as it is to be now. The lock is not held meanwhile: a terminal that takes nothing holds up
/// no work.
fn draw() {
    let shown = line().shown();
    let Some((bar, text, all, done)) = shown else { return };
    if bar.message() != text {
        bar.update(|state| {
            state.set_len(all);
            state.set_pos(done);
        });
        bar.set_message(text);
    }
}

impl Line {
    /// The bar, the text beside it, and how much of what there is has been done.
    fn shown(&mut self) -> Option<(ProgressBar, String, u64, u64)> {
        let shown = self.works.iter().rposition(Work::is_shown).filter(|_| self.held == 0)?;
        let work = &self.works[shown];
        let around = self.works[..shown].iter().map(Work::briefly).collect::<String>();
        let bar = self.bar.get_or_insert_with(|| {
            super::clear_progress();
            let style = ProgressStyle::with_template(TEMPLATE);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
        });
        Some((bar.clone(), around + &work.text(), work.all, work.done))
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn line() -> MutexGuard<'static, Line> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}
