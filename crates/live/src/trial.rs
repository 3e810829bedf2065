//! A certificate tried on every member, as who has stolen it would.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use zone_pki::{Certificate, SubjectAltName};

use etcd::tls::{DialError, KeyPair, MaterialError, Question, Stage, Target, Trust, probe_all};
use host::source_towards;
use model::config::Node;
use model::plan::{PeerUrl, Plane};
use store::zone_directory::Authorities;

/// What a member does with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reception {
    /// It ends the connection: the certificate is refused.
    Refused,
    /// It answers: the certificate is accepted.
    Taken,
    /// Not known from here.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The member, by the short name of its node.
    pub member: String,
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
    let (config, seen) = Trust::from_pem(trusted.as_bytes())?.client(Some(pair))?;
    let (config, leaf) = (Arc::new(config), pair.leaf());
    let target_of = |node: &&Node| {
        let url = match plane {
            Plane::Peer => PeerUrl::of(node).to_string(),
            Plane::Client => node.client_url(),
        };
        Target::of_https_url(&url)
            .ok_or_else(|| Reception::Unknown(format!("{url} is not https://HOST:PORT")))
    };
    let targets: Vec<Result<Target, Reception>> = members.iter().map(target_of).collect();
    let question = |target: &Target| Question {
        target: target.clone(),
        config: Arc::clone(&config),
        seen: seen.clone(),
    };
    let questions = targets.iter().flatten().map(question).collect();
    let mut probes = probe_all(questions, Instant::now() + limit).into_iter();
    let receive = |target: Result<Target, Reception>| {
        let target = match target {
            Ok(target) => target,
            Err(unknown) => return unknown,
        };
        let Some(probe) = probes.next() else { return Reception::Unknown("it was not asked".to_owned()) };
        let received = judge(probe.reply.map(drop));
        match plane {
            Plane::Peer => as_seen_from_here(received, leaf.as_ref(), &target),
            Plane::Client => received,
        }
    };
    let receptions: Vec<Reception> = targets.into_iter().map(receive).collect();
    let tried =
        |(node, reception): (&&Node, Reception)| Tried { member: node.name.short().to_owned(), reception };
    Ok(members.iter().zip(receptions).map(tried).collect())
}

/// etcd compares a peer's certificate with the address that its connection comes from
/// (`client/pkg/transport/listener_tls.go`), so that it refuses one of another machine says nothing of the
/// certificate.
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
    /// etcd looks at its list after the handshake, and closes the connection
    /// (`client/pkg/transport/listener_tls.go`).
    pub(super) fn of(reply: Result<(), DialError>) -> Self {
        match reply {
            Ok(()) => Self::Taken,
            // Who ends it before the handshake has not seen the certificate: a forwarder without a member
            // behind it, for one.
            Err(DialError::Closed(Stage::Reply) | DialError::Alert(_)) => Self::Refused,
            Err(error @ (DialError::NotTls(_) | DialError::NotHttp | DialError::TooLong)) => {
                Self::Unknown(format!("it answers, and not as a member: {error}"))
            }
            Err(error) => Self::Unknown(error.to_string()),
        }
    }
}
