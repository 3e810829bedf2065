//! Certificates that were made elsewhere: read from files or from a local config, and judged before etcd is
//! given them.
//!
//! | module | what it holds |
//! |---|---|
//! | `source`, `bounded` | where a PEM text comes from, and how it is called in messages |
//! | `plane` | the certificates of one plane, read |
//! | `not_pem` | why a text has no PEM block. Pure |
//! | `judge` | what is wrong with them. Pure |
//! | `allowed_peers` | how clients are kept out of the peer plane where one CA issues both. Pure |
//! | `lay_down` | what stands in the local config itself, as files for etcd |

mod allowed_peers;
mod judge;
mod lay_down;
mod not_pem;
mod plane;
mod source;

use time::OffsetDateTime;

pub use plane::ExistingPlane;
pub use source::{PlaneSources, Source, Sources};

use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};
use model::plan::{AllowedPeers, ClusterToken, Plane};

/// The certificates of a member, read and sound.
#[derive(Debug)]
pub struct ExistingCertificates {
    /// Those for the other members.
    pub peer: ExistingPlane,
    pub client: ExistingPlane,
    /// Whose certificates are let in as peers, where the CA alone does not say.
    pub allowed_peers: Option<AllowedPeers>,
    /// What the operator should know, although the member may start.
    pub warnings: Vec<String>,
}

/// Something that is wrong, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    what: String,
    remedy: String,
}

impl Fault {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }
}

/// Where a member is dialled, and how it serves.
#[derive(Clone, Debug)]
pub struct Expected<'z> {
    pub zone: &'z ZoneConfig,
    /// The full name of its node.
    pub name: &'z str,
    /// Where other members dial it.
    pub peer_url: String,
    pub client_url: String,
    /// Whether it serves the REST gateway, which dials the member itself.
    pub gateway: bool,
    /// Whether flags of etcd can be written where it is described.
    pub has_flags: bool,
}

impl ExistingCertificates {
    /// Reads and judges every file. Names every fault at once.
    pub fn read(sources: &Sources, expected: &Expected<'_>, now: OffsetDateTime) -> Result<Self> {
        let mut faults = Vec::new();
        let peer = ExistingPlane::read(&sources.peer, &mut faults);
        let client = ExistingPlane::read(&sources.client, &mut faults);
        for (plane, read, sources) in
            [(Plane::Peer, &peer, &sources.peer), (Plane::Client, &client, &sources.client)]
        {
            judge::plane(plane, read, sources, expected, now, &mut faults);
        }
        let allowed_peers = allowed_peers::between(&peer, &client, expected, &mut faults);
        let warnings = judge::warnings(&client, &sources.client);
        let (Some(peer), Some(client), true) = (peer.complete(), client.complete(), faults.is_empty()) else {
            return Err(failure(faults, expected));
        };
        Ok(Self { peer, client, allowed_peers, warnings })
    }

    /// The token of the cluster: it follows from the CA of the members.
    pub fn token(&self, zone: &ZoneConfig) -> ClusterToken {
        match &zone.etcd.token {
            Some(token) => ClusterToken::given(token),
            None => ClusterToken::derive(&zone.name, &self.peer.anchor().subject_public_key_sha256()),
        }
    }

    pub fn plane(&self, plane: Plane) -> &ExistingPlane {
        match plane {
            Plane::Peer => &self.peer,
            Plane::Client => &self.client,
        }
    }
}

/// One certificate can serve both planes; what is wrong with it is then said once.
fn failure(mut faults: Vec<Fault>, expected: &Expected<'_>) -> Failure {
    let mut seen: Vec<Fault> = Vec::new();
    faults.retain(|fault| {
        let is_new = !seen.contains(fault);
        seen.push(fault.clone());
        is_new
    });
    let what = format!("the certificates of {} cannot be used", expected.name);
    let mut failure = Failure::new(Exit::BadInput, what);
    failure.causes = faults.iter().map(|fault| format!("{}: {}", fault.what, fault.remedy)).collect();
    failure.next(match faults.len() {
        1 => "correct this and run the command again: nothing was started",
        _ => "correct each of these and run the command again: nothing was started",
    })
}
