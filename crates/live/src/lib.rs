//! The zone as it answers: every member of zone.toml and of the live member list, asked all at the same time.
//!
//! [`LiveZone::observe`] gathers; what follows from the answers is pure: who is who (`assembly`), where the
//! zone and its description part (`differences`), and whether it is healthy (`judgement`). That takes
//! [`LiveZone::compare_data`] as well: no zone is healthy whose voters were not seen to hold the same data.
//!
//! | module | what it holds |
//! |---|---|
//! | `credentials` | the certificate with which is asked |
//! | `answers`, `client_plane`, `plane` | the questions: over etcd's API, and by handshakes on both planes |
//! | `assembly`, `members` | the answers, member by member |
//! | `hashes`, `comparison` | the data of the voters, compared |
//! | `nodes` | the nodes that etcd has bundles for: how far each is |
//! | `own_answer` | what a node has said of itself, as the node sees it |
//! | `ports` | ports that answer as others should, or not at all |
//! | `alarms` | what members raise, and how it is told |
//! | `differences` | zone.toml against the live member list |
//! | `reach` | how far a client comes that no member answers |
//! | `tolerance` | whether the others are a quorum without one of them, and could lose another |
//! | `list_change` | the member list changed, by way of a voter |
//! | `member_update` | the cluster told where a member is reached |
//! | `trial` | a certificate tried on every member |
//! | `trust` | whom a member trusts, against whom it should |
//! | `list_in_use` | the revocation list that a member uses, against the zone's |
//! | `judgement` | healthy, degraded, or without a quorum |

mod alarms;
mod answers;
mod assembly;
mod client_plane;
mod comparison;
mod credentials;
mod differences;
mod hashes;
mod judgement;
mod list_change;
mod list_in_use;
mod member_update;
mod members;
mod nodes;
mod own_answer;
mod plane;
mod ports;
mod reach;
mod tolerance;
mod trial;
mod trust;

use std::time::{Duration, Instant};

use time::OffsetDateTime;

pub use alarms::{Alarm, AlarmKind};
pub use answers::PlaneMemory;
pub use client_plane::ClientAnswer;
pub use comparison::{Comparison, DataGroup, VoterHash, compare};
pub use credentials::{Credentials, CredentialsError};
pub use differences::Difference;
pub use hashes::{ComparisonMemory, LARGEST_HASHED};
pub use judgement::{Health, Judgement, MemberFacts, Standing, judge};
pub use list_change::{ChangeError, ListChange};
pub use list_in_use::{ListMemory, OlderList, older_lists, try_list};
pub use members::{LiveMember, MemberStatus, WORTH_DEFRAGMENTING};
pub use nodes::{SeenNode, has_nodes_by_etcd, see_nodes};
pub use own_answer::{OwnAnswer, own_answer};
pub use plane::PlaneView;
pub use ports::PortFault;
pub use reach::{Reach, reach};
pub use tolerance::Indispensable;
pub use trial::{Reception, Tried, try_on_members};
pub use trust::TrustDifference;

use etcd::client::ListedMember;
use etcd::tls::{DialError, Stage};
use model::config::ZoneConfig;
use model::plan::EtcdId;
use store::zone_directory::Authorities;

/// How long a member may take to answer. One that is down delays others no longer than this.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// How long the comparison of the data may take, after that.
pub const COMPARISON_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct LiveZone {
    pub at: OffsetDateTime,
    pub took: Duration,
    /// The cluster's id, as most of those that answer have it.
    pub cluster_id: Option<EtcdId>,
    /// The member list, sorted by id: through the quorum if there is one, else as the member has it that is
    /// the furthest.
    pub listed: Option<Vec<ListedMember>>,
    /// Whether the list came through the quorum.
    pub list_is_confirmed: bool,
    /// The leader, as the member sees it that has the highest term.
    pub leader: Option<EtcdId>,
    /// The highest revision that any member has.
    pub revision: Option<i64>,
    /// The members: those of zone.toml in its order, then those that only the cluster knows.
    pub members: Vec<LiveMember>,
    pub alarms: Vec<Alarm>,
    /// Where zone.toml and the live member list part.
    pub differences: Vec<Difference>,
    /// Whether the voters hold the same data, once [`compare_data`](Self::compare_data) has asked them.
    pub data: Comparison,
    /// Who uses an older revocation list, once [`compare_lists`](Self::compare_lists) has tried it.
    pub older_lists: Vec<OlderList>,
    pub judgement: Judgement,
    facts: Vec<MemberFacts>,
}

impl LiveZone {
    /// Asks every member, for at most `limit` and a little. It never fails: what does not answer is part of
    /// the picture.
    ///
    /// To be called by [`on_runtime`], which does not wait for a name server that says nothing.
    pub async fn observe(
        zone: &ZoneConfig,
        authorities: &Authorities,
        credentials: &Credentials,
        limit: Duration,
    ) -> Self {
        Self::observe_again(zone, authorities, credentials, limit, &mut PlaneMemory::default()).await
    }

    /// As [`observe`](Self::observe), for who asks again and again: the peer plane's certificates are looked
    /// at once a minute, since each look is a refused connection in the member's log.
    pub async fn observe_again(
        zone: &ZoneConfig,
        authorities: &Authorities,
        credentials: &Credentials,
        limit: Duration,
        memory: &mut PlaneMemory,
    ) -> Self {
        let (at, started) = (OffsetDateTime::now_utc(), Instant::now());
        let answers = answers::gather(zone, authorities, credentials, limit, memory).await;
        let mut observed = assembly::assemble(zone, answers);
        let differences = differences::find(zone, &observed);
        let (facts, data) = (assembly::facts(&observed), Comparison::not_asked());
        let judgement = judge(&facts, &observed.alarms, &data);
        observed.members.sort_by(|one, other| one.position.cmp(&other.position));
        Self {
            at,
            took: started.elapsed(),
            cluster_id: observed.cluster_id,
            listed: observed.listed,
            list_is_confirmed: observed.list_is_confirmed,
            leader: observed.leader,
            revision: observed.revision,
            members: observed.members,
            alarms: observed.alarms,
            differences,
            data,
            older_lists: Vec::new(),
            judgement,
            facts,
        }
    }

    /// Whether the members are there, and refuse the certificate with which they were asked.
    pub fn refuses_us(&self) -> bool {
        let answers = self.members.iter().any(|member| member.status.is_ok());
        let mut shown = self
            .members
            .iter()
            .filter_map(|member| member.client.as_ref())
            .filter(|view| !view.chain.is_empty());
        let refuses = |view: &PlaneView| {
            matches!(
                view.failure,
                Some(DialError::Alert(_) | DialError::Closed(Stage::Handshake | Stage::Reply))
            )
        };
        !answers && shown.any(|view| refuses(view))
    }

    pub fn member(&self, id: EtcdId) -> Option<&LiveMember> {
        self.members.iter().find(|member| member.id() == Some(id))
    }
}

/// Runs a future to its end on a runtime of its own. Look-ups of names that are still under way are left
/// behind.
pub fn on_runtime<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = runtime.block_on(future);
    // Dropping it would wait for getaddrinfo(3), which nothing can end.
    runtime.shutdown_background();
    Ok(output)
}
