//! A certificate tried on every member, as who has stolen it would.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use zone_pki::{Certificate, SubjectAltName};

use super::plane::target;
use crate::config::Node;
use crate::host::source_towards;
use crate::host::{Beside, beside};
use crate::plan::{PeerUrl, Plane};
use crate::tls::{DialError, KeyPair, MaterialError, Stage, Target, Trust, get};
use crate::zone_directory::Authorities;

/// What a member does with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It ends the connection: the certificate is refused.
    Refused,
    /// It answers: whoever has the certificate gets in.
    Taken,
    /// Nobody can tell from here.
    Unknown(String),
}

/// What one member did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The member, by the short name of its node.
    pub member: String,
    /// What it did.
    pub reception: Reception,
}

/// Tries a certificate on one plane of each of these members, all at once, for at most `limit`.
///
/// # Errors
/// The certificate or the CA of the plane cannot be used.
pub fn try_on_members(
    members: &[&Node],
    plane: Plane,
    authorities: &Authorities,
    pair: &KeyPair,
    limit: Duration,
) -> Result<Vec<Tried>, MaterialError> {
    try_where(members, plane, authorities, pair, limit, Reception::of)
}

/// The same, where a reply is judged in another way.
pub(super) fn try_where(
    members: &[&Node],
    plane: Plane,
    authorities: &Authorities,
    pair: &KeyPair,
    limit: Duration,
    judge: fn(Result<(), DialError>) -> Reception,
) -> Result<Vec<Tried>, MaterialError> {
    let trusted: String = authorities.trusted(plane).into_iter().map(Certificate::pem).collect();
    let (config, _) = Trust::from_pem(trusted.as_bytes())?.client(Some(pair))?;
    let config = std::sync::Arc::new(config);
    let leaf = pair.leaf();
    let leaf = leaf.as_ref();
    let deadline = Instant::now() + limit;
    Ok(std::thread::scope(|scope| {
        let threads: Vec<_> = members
            .iter()
            .map(|node| {
                let (url, path) = match plane {
                    Plane::Peer => (PeerUrl::of(node).to_string(), "/version"),
                    Plane::Client => (node.client_url(), "/version"),
                };
                let config = std::sync::Arc::clone(&config);
                let dial = move || match target(&url) {
                    Some(target) => {
                        let received = judge(get(&target, config, path, &[], deadline).map(drop));
                        if plane == Plane::Peer {
                            as_seen_from_here(received, leaf, &target)
                        } else {
                            received
                        }
                    }
                    None => Reception::Unknown(format!("{url} is not https://HOST:PORT")),
                };
                (node.name.short().to_owned(), beside(scope, dial))
            })
            .collect();
        let join =
            |(member, thread): (String, Beside<'_, Reception>)| Tried { member, reception: thread.join() };
        threads.into_iter().map(join).collect()
    }))
}

/// etcd compares a peer's certificate with the address that its connection comes from (`client/pkg/transport/listener_tls.go`), so
/// that it refuses one of another machine says nothing of the certificate.
fn as_seen_from_here(received: Reception, leaf: Option<&Certificate>, target: &Target) -> Reception {
    let names = leaf.map(Certificate::names);
    let to = target.host.parse().ok().map(|host: IpAddr| SocketAddr::new(host, target.port));
    let (Reception::Refused, Some(names), Some(to)) = (&received, names, to) else { return received };
    match source_towards(to) {
        Ok(from)
            if names.iter().next().is_some()
                && !names.iter().any(|name| *name == SubjectAltName::Ip(from)) =>
        {
            Reception::Unknown(format!("it is not for {from}, from where it was tried"))
        }
        _ => received,
    }
}

impl Reception {
    /// etcd looks at its list after the handshake, and closes the connection (`client/pkg/transport/listener_tls.go`).
    pub(super) fn of(reply: Result<(), DialError>) -> Self {
        match reply {
            Ok(()) => Self::Taken,
            // Who ends it before the handshake has not seen the certificate: a forwarder without a member behind it, for one.
            Err(DialError::Closed(Stage::Reply) | DialError::Alert(_)) => Self::Refused,
            Err(error @ (DialError::NotTls(_) | DialError::NotHttp | DialError::TooLong)) => {
                Self::Unknown(format!("it answers, and not as a member: {error}"))
            }
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}
