//! Starts of members that show themselves to each other. Each listens on its peer port until it becomes etcd,
//! says what it shows to clients with a certificate of the peer plane, and watches the others, whether they
//! are etcd or starts as well.
//!
//! | module | what it holds |
//! |---|---|
//! | `message` | one line of what a start says: JSON, read and written |
//! | `arrivals` | when others call |
//! | `announcement` | the side that says it |
//! | `poller` | the side that asks: one member |
//! | `watch` | all of them |

mod announcement;
mod arrivals;
mod message;
mod poller;
mod watch;

pub use announcement::Announcement;
pub use arrivals::Arrivals;
pub use message::{Message, MessageError, Right, Speaker};
pub use poller::{Expected, Repeat};
pub use watch::Watch;
