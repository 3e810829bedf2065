//! Members that answer, though they are said to be dead.

use std::time::Duration;

use crate::observer::Observer;
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Failure, Result};

/// Refuses while members answer that are said to be dead, or a quorum does. A moment without a leader is no
/// loss: while a member runs that would know of a quorum, it is looked again until `patience` is over.
/// `may_run` says that one may run which does not answer.
///
/// # Errors
/// Exit 78.
pub fn refuse_answering(
    observer: &Observer<'_>,
    dead: &[&Node],
    patience: Duration,
    mut may_run: bool,
) -> Result<()> {
    let begun = std::time::Instant::now();
    loop {
        let live = observer.observe()?;
        if live.list_is_confirmed {
            return Err(Failure::new(Exit::Configuration, "a quorum answers: nothing has to be recovered")
                .because("members that are lost for good are replaced, one after the other")
                .next(match dead {
                    [one, ..] => observer.site.proposed(&format!("member replace {}", one.name.short())),
                    [] => observer.site.proposed("status"),
                }));
        }
        if let Some(alive) = dead.iter().find(|node| answers(&live, node)) {
            let name = alive.name.short();
            return Err(Failure::new(Exit::Configuration, format!("{name} answers: it is not dead"))
                .because("its log may have what no other has")
                .next(format!("see how the members are: {}", observer.site.proposed("status"))));
        }
        may_run |= live.members.iter().any(|member| member.status.is_ok());
        if !may_run || begun.elapsed() > patience {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn answers(live: &LiveZone, node: &Node) -> bool {
    live.members.iter().any(|member| member.node.as_ref() == Some(&node.name) && member.status.is_ok())
}
