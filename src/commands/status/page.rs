//! `status --watch` on a terminal: what was seen, until `q` is typed.

use std::future::pending;
use std::io::{Read, stdin};

use tokio::sync::oneshot;

use super::watch::written;
use host::detached;
use model::error::{Exit, Failure, Result};
use model::report::Screen;

pub(super) struct Page {
    screen: Screen,
    /// Answers once `q` was typed, or nothing can be typed any more.
    left: Option<oneshot::Receiver<()>>,
    text: String,
    foot: String,
}

impl Page {
    /// Takes the terminal, until this is dropped.
    pub(super) fn open() -> Result<Self> {
        let screen = Screen::enter().map_err(|error| {
            Failure::new(Exit::CannotCreate, "cannot take the terminal")
                .because(&error)
                .next("zone-etcd status --watch | cat")
        })?;
        let left = screen.has_keys().then(typing_ends).transpose()?;
        Ok(Self { screen, left, text: String::new(), foot: String::new() })
    }

    /// Shows what was seen; what differs from the look before stands out.
    pub(super) fn show(&mut self, text: String, at: &str) -> Result<bool> {
        self.screen.remember(&self.text);
        self.text = text;
        self.foot = format!("{at}, q or Ctrl-C ends");
        self.draw()
    }

    /// The same at the size that the terminal has now.
    pub(super) fn draw(&mut self) -> Result<bool> {
        written(self.screen.draw(&self.text, &self.foot))
    }

    /// Never, where no keys can be read.
    pub(super) async fn left(&mut self) {
        match &mut self.left {
            Some(left) => drop(left.await),
            None => pending().await,
        }
    }
}

/// Reads keys, beside everything else, up to `q` or to the end of what is typed.
fn typing_ends() -> Result<oneshot::Receiver<()>> {
    let (end, ends) = oneshot::channel();
    let read = move || {
        let mut typed = [0; 64];
        while let Ok(count @ 1..) = stdin().read(&mut typed) {
            if typed[..count].contains(&b'q') {
                break;
            }
        }
        let _ = end.send(());
    };
    detached(read).map_err(|error| Failure::internal("cannot read keys").because(&error))?;
    Ok(ends)
}
