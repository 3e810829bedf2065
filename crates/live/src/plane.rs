//! One server of one plane, as its handshake shows it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::{Certificate, SubjectAltNames, certificate};

use super::credentials::Credentials;
use super::trust::TrustDifference;
use etcd::tls::{DialError, MaterialError, Probe, Question, Target, probe};
use model::plan::Plane;
use store::zone_directory::Authorities;

/// What one server shows.
#[derive(Debug)]
pub struct PlaneView {
    pub plane: Plane,
    pub url: String,
    /// Why the request was not answered. On the peer plane that is no fault if there is a
    /// [`chain`](Self::chain): it was dialled without a certificate.
    pub failure: Option<DialError>,
    /// What it presented, leaf first. Empty if it did not come to that.
    pub chain: Vec<Certificate>,
    /// Why the chain does not chain to the plane's CA, if it does not.
    pub untrusted: Option<String>,
    /// Whether the chain ends at the CA of the other plane, so that it is that plane's port.
    pub is_other_planes: bool,
    /// The subjects of the CAs whose certificates it takes from clients; none if it asked for no certificate,
    /// or it did not come to that.
    pub accepts: Option<Vec<String>>,
    /// The same, against the CAs of the plane.
    pub trust: Option<TrustDifference>,
    /// From the first packet to the connection: one round trip.
    pub round_trip: Option<Duration>,
    /// Our own address in that connection.
    pub local: Option<IpAddr>,
    /// How far its clock is behind ours at least, if it is for certain.
    pub behind: Option<time::Duration>,
}

impl PlaneView {
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// Why it does not serve as it should, if it does not: to be refused without a certificate is as it
    /// should be.
    pub fn fault(&self) -> Option<&DialError> {
        let is_refusal = matches!(self.failure, Some(DialError::Alert(_)));
        self.failure.as_ref().filter(|_| !(self.plane == Plane::Peer && is_refusal && !self.chain.is_empty()))
    }

    /// Why no client that trusts the zone's CAs is served here, if so.
    pub fn refusal(&self) -> Option<String> {
        self.untrusted.clone().or_else(|| self.fault().map(ToString::to_string))
    }

    /// Whether the member itself has answered, be it badly. Where it has not, it may be reached from
    /// elsewhere: what takes a connection and closes it can be a firewall, a balancer or a gateway.
    pub fn is_answered(&self) -> bool {
        self.untrusted.is_some()
            || matches!(self.failure, None | Some(DialError::Alert(_) | DialError::Untrusted(_)))
    }

    /// What is wrong with whom it trusts, if it can be told and something is.
    pub fn trust_fault(&self) -> Option<String> {
        // A handshake that we broke off may not have come to the server's wish.
        if self.chain.is_empty()
            || matches!(self.failure, Some(DialError::Untrusted(_) | DialError::TimedOut(_)))
        {
            return None;
        }
        let (Some(accepts), Some(TrustDifference { surplus: foreign, .. })) = (&self.accepts, &self.trust)
        else {
            return Some("asks for no certificate".to_owned());
        };
        let name = self.plane.name();
        // In a rotation it may name the one CA and not the other yet.
        match (accepts.len() > foreign.len(), foreign.is_empty()) {
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
            trust: None,
            round_trip: None,
            local: None,
            behind: None,
        }
    }
}

/// What a probe brought, before it is compared with the zone.
#[derive(Debug)]
pub(super) struct Shown {
    plane: Plane,
    url: String,
    probe: Probe,
}

/// Asks a server until `deadline`.
pub(super) async fn look(plane: Plane, url: &str, credentials: &Credentials, deadline: Instant) -> Shown {
    let configuration = match plane {
        Plane::Client => credentials.for_clients(),
        Plane::Peer => credentials.for_peers(),
    };
    let probe = match (Target::of_https_url(url), configuration) {
        (None, _) => Probe::failed(no_url(url), OffsetDateTime::now_utc()),
        (_, Err(error)) => Probe::failed(unusable(error), OffsetDateTime::now_utc()),
        (Some(target), Ok((config, seen))) => probe(Question { target, config, seen }, deadline).await,
    };
    Shown { plane, url: url.to_owned(), probe }
}

impl Shown {
    /// Whether the server has shown a certificate.
    pub(super) fn has_chain(&self) -> bool {
        !self.probe.chain.is_empty()
    }

    /// Why the request was not answered, if it was not.
    pub(super) fn into_failure(self) -> Option<DialError> {
        self.probe.reply.err()
    }

    /// Compares what was shown with the zone's CAs.
    pub(super) fn against(self, authorities: &Authorities, now: OffsetDateTime) -> PlaneView {
        let Self { plane, url, probe: Probe { reply, chain, accepts: named, asked_at, .. } } = self;
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
        let shown =
            |der: &Vec<u8>| certificate::name_for_people(der).unwrap_or_else(|| zone_pki::hex::encode(der));
        let trusted = authorities.trusted(plane);
        let is_of = |der: &Vec<u8>, ca: &Certificate| der == ca.subject_der();
        let trust = named.as_ref().map(|named| TrustDifference::between(named, &trusted, is_of, shown));
        let accepts = named.map(|named| named.iter().map(shown).collect());
        PlaneView {
            failure,
            chain,
            untrusted,
            is_other_planes,
            accepts,
            trust,
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

fn no_url(url: &str) -> DialError {
    DialError::Io(std::io::Error::new(
        std::io::ErrorKind::InvalidInput,
        format!("{url} is not https://HOST:PORT"),
    ))
}

fn unusable(error: MaterialError) -> DialError {
    DialError::Io(std::io::Error::other(error))
}
