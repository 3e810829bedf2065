//! What is told of the restart of a member: the JSON of `restart --format json`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use live::LiveMember;
use model::report::Table;

/// A member that was restarted, and is back. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartedMember {
    /// The short name of its node.
    pub node: String,
    /// The id of its process before.
    pub pid_before: u32,
    /// The id of its process now.
    pub pid_after: u32,
    /// From the signal until it took requests through the quorum, in milliseconds.
    pub took_ms: u64,
    /// The short name of the node to which leadership was moved first, if it led.
    pub leadership_moved_to: Option<String>,
    /// Whether the cluster took no requests meanwhile: it has one or two voters.
    pub interrupted: bool,
    /// The systemd service that was restarted, if it is one.
    pub service: Option<String>,
    /// Whose certificates it took before.
    pub trusted_before: TrustedAuthorities,
    /// Whose certificates it takes now.
    pub trusted_after: TrustedAuthorities,
}

/// The CAs whose certificates a member takes, as its handshakes name them: by their subjects, as people read
/// them. None where a server was not seen to ask for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedAuthorities {
    /// Among members.
    pub peer: Option<Vec<String>>,
    /// Towards clients.
    pub client: Option<Vec<String>>,
}

impl TrustedAuthorities {
    /// Those of a member as it was seen.
    pub fn of(member: &LiveMember) -> Self {
        Self {
            peer: member.peer.as_ref().and_then(|view| view.accepts.clone()),
            client: member.client.as_ref().and_then(|view| view.accepts.clone()),
        }
    }
}

impl RestartedMember {
    /// From the signal until it took requests through the quorum.
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.took_ms)
    }
}

/// The same for a person.
pub fn table(restarted: &[RestartedMember]) -> String {
    let mut table = Table::new(&["node", "process", "before", "back after", "leadership to"]);
    for member in restarted {
        table.row([
            member.node.clone(),
            member.pid_after.to_string(),
            member.pid_before.to_string(),
            format!("{:.2} s", member.took().as_secs_f64()),
            member.leadership_moved_to.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}
