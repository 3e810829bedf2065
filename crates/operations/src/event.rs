//! What happens in a long operation, told to its watcher: a person, or the report of a rehearsal.

use std::time::Duration;

use model::report::{message, progress};
use store::site::Site;

/// Something that has happened, or begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stage begins. What happens until the next belongs to it.
    Stage {
        /// Its name, such as `trust-both`.
        name: &'static str,
        /// What it does, for people.
        what: String,
    },
    /// A node or client has new certificates, or a new list of CAs.
    Issued {
        /// The short name of the node, or `client/NAME`.
        holder: String,
    },
    /// Leadership was moved.
    LeaderMoved {
        /// Short name of the node that led.
        from: String,
        /// Short name of the node that leads now.
        to: String,
    },
    /// A member is about to be stopped.
    Restarting {
        /// Short name of its node.
        node: String,
    },
    /// A member is back: it takes requests through the quorum, and has caught up.
    Restarted {
        /// Short name of its node.
        node: String,
        /// From the signal until it took requests.
        took: Duration,
    },
}

/// The watcher of an operation.
pub trait Watch {
    /// Takes note of an event, as it happens.
    fn event(&mut self, event: Event);
}

/// Tells a person what happens.
pub struct Told<'s>(pub &'s Site);

impl Watch for Told<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::LeaderMoved { from, to } => progress(&format!("leadership moved from {from} to {to}")),
            Event::Restarting { node } => progress(&format!("restarting {node} of {}", self.0.config().name)),
            Event::Restarted { node, took } => {
                message(&format!("{node} takes requests again, after {:.2} s", took.as_secs_f64()));
            }
            Event::Stage { what, .. } => message(&what),
            Event::Issued { holder } => message(&format!("{holder} has new certificates")),
        }
    }
}
