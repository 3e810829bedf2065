//! What answers at the ports of a member, where it is not what should.

use std::fmt;

use super::members::LiveMember;
use super::plane::PlaneView;
use etcd::tls::{DialError, Stage};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortFault {
    /// Each answers as the other should.
    Swapped { client: String, peer: String },
    /// Clients are answered, and nothing comes through to the port for peers.
    PeerCutOff { peer: String, why: String },
}

impl fmt::Display for PortFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Swapped { client, peer } => write!(
                f,
                "the ports are swapped: {client} answers as the peer plane, and {peer} as the client plane"
            ),
            Self::PeerCutOff { peer, why } => {
                write!(f, "answers clients, and is cut off at its port for peers, {peer}: {why}")
            }
        }
    }
}

impl LiveMember {
    /// What is wrong with its ports, if that is what it looks like. A port for peers that is closed to us
    /// alone keeps no member from its quorum.
    pub fn port_fault(&self) -> Option<PortFault> {
        let (client, peer) = (self.client.as_deref()?, self.peer.as_deref()?);
        if client.is_other_planes && peer.is_other_planes {
            return Some(PortFault::Swapped { client: client.url.clone(), peer: peer.url.clone() });
        }
        let has_no_quorum =
            self.status.as_ref().is_ok_and(|status| matches!(status.quorum_read, Some(Err(_))));
        let why = peer.failure.as_ref().filter(|_| has_no_quorum && is_closed(peer))?.to_string();
        Some(PortFault::PeerCutOff { peer: peer.url.clone(), why })
    }
}

fn is_closed(view: &PlaneView) -> bool {
    use DialError::{Refused, TimedOut, Unreachable};
    matches!(view.failure, Some(Refused(_) | Unreachable { .. } | TimedOut(Stage::Connect)))
}
