//! One server of one plane, as its handshake shows it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::oneshot;
use zone_pki::{Certificate, SubjectAltNames, certificate};

use super::credentials::Credentials;
use crate::host::detached;
use crate::plan::Plane;
use crate::tls::{DialError, MaterialError, Reply, Stage, Target, get};
use crate::zone_directory::Authorities;

/// What every etcd answers on both planes, without looking at anything (`server/etcdserver/api/etcdhttp/version.go`).
const PATH: &str = "/version";
/// How long is waited, after the deadline, for a dial that ends at it.
const GRACE: Duration = Duration::from_millis(100);

/// What one server shows.
#[derive(Debug)]
pub struct PlaneView {
    /// Its plane.
    pub plane: Plane,
    /// Where it was dialled.
    pub url: String,
    /// Why the request was not answered. On the peer plane that is no fault if there is a [`chain`](Self::chain): it was
    /// dialled without a certificate.
    pub failure: Option<DialError>,
    /// What it presented, leaf first. Empty if it did not come to that.
    pub chain: Vec<Certificate>,
    /// Why the chain does not chain to the plane's CA, if it does not.
    pub untrusted: Option<String>,
    /// Whether the chain ends at the CA of the other plane, so that it is that plane's port.
    pub is_other_planes: bool,
    /// Whose certificates it takes from clients; none if it asked for no certificate, or it did not come to that.
    pub accepts: Option<Vec<AcceptedAuthority>>,
    /// From the first packet to the connection: one round trip.
    pub round_trip: Option<Duration>,
    /// Our own address in that connection.
    pub local: Option<IpAddr>,
    /// How far its clock is behind ours at least, if it is for certain.
    pub behind: Option<time::Duration>,
}

/// An authority whose certificates a server takes. It is named by its subject alone: TLS tells no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedAuthority {
    /// Its subject for people.
    pub subject: String,
    /// Its subject in DER.
    pub der: Vec<u8>,
    /// Whether that is the subject of a CA of the plane.
    pub is_planes: bool,
}

impl PlaneView {
    /// The certificate that it serves.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// Why it does not serve as it should, if it does not: to be refused without a certificate is as it should be.
    pub fn fault(&self) -> Option<&DialError> {
        let is_refusal = matches!(self.failure, Some(DialError::Alert(_)));
        self.failure.as_ref().filter(|_| !(self.plane == Plane::Peer && is_refusal && !self.chain.is_empty()))
    }

    /// What is wrong with whom it trusts, if it can be told and something is.
    pub fn trust_fault(&self) -> Option<String> {
        // A handshake that we broke off may not have come to the server's wish.
        if self.chain.is_empty()
            || matches!(self.failure, Some(DialError::Untrusted(_) | DialError::TimedOut(_)))
        {
            return None;
        }
        let Some(accepts) = &self.accepts else { return Some("asks for no certificate".to_owned()) };
        let foreign: Vec<&str> =
            accepts.iter().filter(|other| !other.is_planes).map(|other| other.subject.as_str()).collect();
        let name = self.plane.name();
        match (accepts.iter().any(|authority| authority.is_planes), foreign.is_empty()) {
            (true, true) => None,
            (true, false) => {
                Some(format!("takes certificates of {} beside the {name} CA's", foreign.join(", ")))
            }
            (false, true) => Some(format!("does not name the {name} CA among those that it trusts")),
            (false, false) => {
                Some(format!("takes certificates of {}, not of the {name} CA", foreign.join(", ")))
            }
        }
    }

    /// A server that cannot be dialled.
    fn failed(plane: Plane, url: &str, failure: DialError) -> Self {
        Self {
            plane,
            url: url.to_owned(),
            failure: Some(failure),
            chain: Vec::new(),
            untrusted: None,
            is_other_planes: false,
            accepts: None,
            round_trip: None,
            local: None,
            behind: None,
        }
    }
}

/// What a dial brought, before it is compared with the zone.
#[derive(Debug)]
pub(super) struct Shown {
    plane: Plane,
    url: String,
    reply: Result<Reply, DialError>,
    chain: Vec<Vec<u8>>,
    authorities: Option<Vec<Vec<u8>>>,
    asked_at: OffsetDateTime,
}

/// Dials a server until `deadline`, on a thread of its own: a look-up of a name cannot be ended.
pub(super) async fn look(plane: Plane, url: &str, credentials: &Credentials, deadline: Instant) -> Shown {
    let asked_at = OffsetDateTime::now_utc();
    let shown =
        |reply| Shown { plane, url: url.to_owned(), reply, chain: Vec::new(), authorities: None, asked_at };
    let Some(target) = target(url) else { return shown(Err(no_url(url))) };
    let configuration = match plane {
        Plane::Client => credentials.for_clients(),
        Plane::Peer => credentials.for_peers(),
    };
    let (config, seen) = match configuration {
        Ok(configuration) => configuration,
        Err(error) => return shown(Err(unusable(error))),
    };
    let (sender, receiver) = oneshot::channel();
    let begun = detached(move || {
        // Nobody listens any more when the name was found too late.
        let _ = sender.send(get(&target, config, PATH, &[], deadline));
    });
    if let Err(error) = begun {
        return shown(Err(DialError::Io(error)));
    }
    let reply = match tokio::time::timeout_at((deadline + GRACE).into(), receiver).await {
        Ok(Ok(reply)) => reply,
        // A thread that ended without a word would be our fault; a name that is still looked up is the usual case.
        Ok(Err(_)) | Err(_) => Err(DialError::TimedOut(Stage::Resolve)),
    };
    Shown { chain: seen.chain(), authorities: seen.accepted_authorities(), ..shown(reply) }
}

impl Shown {
    /// Compares what was shown with the zone's CAs.
    pub(super) fn against(self, authorities: &Authorities, now: OffsetDateTime) -> PlaneView {
        let Self { plane, url, reply, chain, authorities: named, asked_at } = self;
        // It answered later than it was asked, and what it says is cut to the second.
        let behind = |said: OffsetDateTime| asked_at - (said + time::Duration::SECOND);
        let (failure, round_trip, local, behind) = match reply {
            Ok(reply) => {
                let behind = reply.date().map(behind).filter(|behind| behind.is_positive());
                (None, Some(reply.connected_after), Some(reply.local), behind)
            }
            Err(failure) => (Some(failure), None, None, None),
        };
        let chain: Vec<Certificate> = chain.iter().map_while(|der| Certificate::from_der(der).ok()).collect();
        let trusted = authorities.trusted(plane);
        let accepted = |subject: Vec<u8>| AcceptedAuthority {
            is_planes: trusted.iter().any(|authority| subject == authority.subject_der()),
            der: subject.clone(),
            subject: certificate::name_for_people(&subject)
                .unwrap_or_else(|| zone_pki::hex::encode(&subject)),
        };
        let untrusted = chain
            .first()
            .and_then(|leaf| why_untrusted(leaf, &chain[1..], authorities.issuer_of(plane, leaf), now));
        let other = match plane {
            Plane::Client => Plane::Peer,
            Plane::Peer => Plane::Client,
        };
        let leads_to_other = |leaf: &Certificate| {
            why_untrusted(leaf, &chain[1..], authorities.issuer_of(other, leaf), now).is_none()
        };
        let is_other_planes = untrusted.is_some() && chain.first().is_some_and(leads_to_other);
        let accepts = named.map(|subjects| subjects.into_iter().map(accepted).collect());
        PlaneView {
            failure,
            chain,
            untrusted,
            is_other_planes,
            accepts,
            round_trip,
            local,
            behind,
            ..PlaneView::failed(plane, &url, no_url(""))
        }
    }
}

/// Whether a leaf chains to the plane's CA itself: one of the other plane chains to the root as well.
fn why_untrusted(
    leaf: &Certificate,
    rest: &[Certificate],
    authority: &Certificate,
    now: OffsetDateTime,
) -> Option<String> {
    let intermediates: Vec<&Certificate> =
        rest.iter().filter(|certificate| *certificate != authority).collect();
    zone_pki::verify(leaf, &intermediates, authority, leaf.usages(), &SubjectAltNames::default(), now)
        .err()
        .map(|error| error.to_string())
}

/// The host and port of an `https` URL.
pub(super) fn target(url: &str) -> Option<Target> {
    let rest = url.strip_prefix("https://")?.trim_end_matches('/');
    let (host, port) = rest.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some(Target { host: host.to_owned(), port: port.parse().ok()? })
}

fn no_url(url: &str) -> DialError {
    DialError::Io(std::io::Error::new(
        std::io::ErrorKind::InvalidInput,
        format!("{url} is not https://HOST:PORT"),
    ))
}

fn unusable(error: MaterialError) -> DialError {
    DialError::Io(std::io::Error::other(error))
}
