//! Supervision of the processes beside a member, and of the member itself: started in order, awaited until
//! they are ready, started again when they end, stopped in reverse order.
//!
//! ```text
//! let mut supervisor = Supervisor::new(Options::default())?;
//! let nameservice = supervisor.start(&process, &variables)?;
//! if let Break(end) = supervisor.await_ready(nameservice)? { … }
//! let end = supervisor.watch()?;
//! supervisor.stop_all()?;
//! ```
//!
//! Everything but reading output and trying whether a process is ready is done by the thread that calls. What
//! happens meanwhile is seen to at the next call, so a caller that waits for something else does so in steps,
//! with [`Supervisor::watch_for`] between them. That thread has to be the one that began: the kernel ends a
//! process when the thread that started it ends (PR_SET_PDEATHSIG in prctl(2)).

mod asking;
mod attempt;
mod call;
mod child;
mod ending;
mod launch;
mod notification;
mod orphans;
mod output;
mod probe;
mod process;
mod restart;
mod signals;
mod supervisor;

pub use asking::await_answer;
pub use call::Call;
pub use child::ChildOptions;
pub use ending::Ending;
pub use output::{Listener, Output, Source};
pub use restart::{Backoff, should_restart};
pub use supervisor::{End, Options, ProcessId, Supervisor};
