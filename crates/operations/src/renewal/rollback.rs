//! What a holder had, put back in use: in the zone directory, and on its node.

use zone_pki::{Generation, GenerationStore, ShowPath};

use crate::transport::Delivered;
use model::error::{Failure, Result};
use store::zone_directory::ZoneDirectory;

/// The way back.
pub(super) struct Undo<'u> {
    pub(super) zone: &'u ZoneDirectory,
    pub(super) store: &'u GenerationStore,
    pub(super) before: Option<&'u Generation>,
    pub(super) after: &'u Generation,
    pub(super) name: &'u str,
}

impl Undo<'_> {
    /// The node was not reached, or has refused it: it has what it had.
    pub(super) fn not_delivered(&self, failure: Failure) -> Failure {
        match self.put_back() {
            Ok(what) => failure.because(what),
            Err(error) => failure.because(error.to_string()),
        }
    }

    /// The node has it, and its member does not show it, or is refused with it.
    pub(super) fn not_in_use(&self, delivered: Option<&Delivered>, why: String) -> Failure {
        let name = self.name;
        let failure =
            Failure::bad_input(format!("the new certificates of {name} are not in use")).because(why);
        let failure = match delivered.map(Delivered::take_back).transpose() {
            Ok(None | Some(false)) => failure,
            Ok(Some(true)) => failure.because(format!("{name} has gone back to what it had")),
            Err(error) => failure.because(format!("{name} has not gone back: {error}")),
        };
        if self.before.is_none() {
            return failure.next("there are none to go back to: look at what etcd logs");
        }
        match self.put_back() {
            Ok(what) => failure
                .because(what)
                .next("fix what is said above, and run the command again; none after it was renewed"),
            Err(error) => {
                let next = error.next.clone();
                let failure = failure.because(error.to_string());
                failure.next(next.unwrap_or_else(|| "run the command again".to_owned()))
            }
        }
    }

    /// Puts the generation of before in use in the zone directory, unless another command has changed it
    /// since. Says so.
    fn put_back(&self) -> Result<String> {
        let Some(before) = self.before else { return Ok("there was nothing before".to_owned()) };
        let _held = self.zone.lock()?;
        if self.store.current().ok().flatten().as_ref() != Some(self.after) {
            return Ok("another command has issued since, so what is here was left alone".to_owned());
        }
        let number = before.number;
        self.store.switch_to(before).map_err(|error| {
            Failure::bad_input("the old ones are not in use again").because(&error).next(format!(
                "put the old ones back: ln -sfn gen-{number} current, in {}",
                self.store.directory().shown()
            ))
        })?;
        Ok(format!("generation {number} is in use again, as before"))
    }
}
