//! What a start says of its member to the others, while it waits.

use time::{Duration, OffsetDateTime};
use zone_pki::authority::Authority;
use zone_pki::{AuthoritySpec, KeyAlgorithm, Subject};

use super::Launch;
use crate::presence::{Announcement, Arrivals, Expected, Message, Right, Speaker};
use etcd::read_backend;
use etcd::tls::{KeyPair, MaterialError, Server};
use model::error::{Failure, Result};
use model::plan::{
    EtcdId, LauncherSays, LauncherShows, LiveCluster, LiveMember, Observation, PEER, PlaneProtection,
    RightToBootstrap,
};
use model::random;

/// What is said, if there are other members.
#[derive(Debug)]
pub struct OwnPresence(Option<Announcement>);

impl OwnPresence {
    pub(super) fn show(&self, launch: &Launch<'_>, observed: &Observation) -> Result<()> {
        let Some(announcement) = &self.0 else { return Ok(()) };
        let next = launch.message(observed)?;
        announcement.say(|message| {
            let hears = std::mem::take(&mut message.hears);
            *message = next;
            message.hears = hears;
        });
        Ok(())
    }

    /// The starts of others that call.
    pub(super) fn arrivals(&self) -> Arrivals {
        self.0.as_ref().map(Announcement::arrivals).unwrap_or_default()
    }

    pub(super) fn hears<'h>(&self, heard: impl Iterator<Item = (&'h str, Option<LauncherShows>)>) {
        if let Some(announcement) = &self.0 {
            announcement.say(|message| {
                message.hears = heard
                    .map(|(name, shows)| (name.to_owned(), shows.map(|shows| shows.word().to_owned())))
                    .collect();
            });
        }
    }
}

impl Launch<'_> {
    /// Shows the other members that this one is about to start, from now until it is etcd that listens.
    pub(super) fn announce(&self) -> Result<OwnPresence> {
        if self.member.cluster.members.len() == 1 {
            return Ok(OwnPresence(None));
        }
        let server = self.server().map_err(|error| {
            Failure::bad_input("the other members cannot be answered with the certificate of this one")
                .because(&error)
        })?;
        let sockets = self.member.listen_peer.iter().filter_map(|url| host::socket_of(url));
        let message = self.message(&self.observed)?;
        let announcement = Announcement::start(sockets, server, self.revoked_peers(), message);
        Ok(OwnPresence(Some(announcement.map_err(|error| Failure::no_thread(&error))?)))
    }

    /// As whom the starts of other members have to speak.
    pub(super) fn expected(&self) -> Expected {
        Expected {
            zone: self.site.config().name.as_str().to_owned(),
            process: self.process.clone(),
            named_certificates: self.certificates.issued().is_some(),
        }
    }

    fn server(&self) -> std::result::Result<Server, MaterialError> {
        match &self.member.peer_plane {
            PlaneProtection::Mutual(_) => {
                Server::mutual(&self.certificates.peer_side(PEER.stem, &self.member.paths)?)
            }
            PlaneProtection::Automatic => Server::unverified(&made_up(self.now)?),
            PlaneProtection::Plain => Ok(Server::Plain),
        }
    }

    fn message(&self, observed: &Observation) -> Result<Message> {
        let speaker = Speaker {
            zone: self.site.config().name.as_str(),
            node: self.member.node.full(),
            process: &self.process,
        };
        let right = match observed.right {
            RightToBootstrap::Given => Right::Given,
            RightToBootstrap::Lapsed(_) | RightToBootstrap::ClockBehind { .. } => Right::Lapsed,
            RightToBootstrap::Withheld => Right::Withheld,
        };
        let joins = observed.joins();
        let shows = observed.shows_to_others();
        let log = observed.disk.data.ids().filter(|_| shows == LauncherShows::Log);
        let facts = match log {
            Some(_) => read_backend(&self.member.paths.data()).ok().flatten().unwrap_or_default(),
            None => Default::default(),
        };
        let members = facts.members.into_iter().map(|member| LiveMember {
            id: member.id,
            name: member.name,
            peer_urls: member.peer_urls,
            client_urls: member.client_urls,
            learner: member.is_learner,
        });
        let removed: Vec<EtcdId> = facts.removed_members;
        let says = LauncherSays {
            predicted: observed.predicted,
            may_found: right == Right::Given && !joins,
            shows,
            cluster: log.map(|ids| LiveCluster { id: ids.cluster, members: members.collect() }),
            removed,
        };
        let right = if joins { Right::Withheld } else { right };
        let log = log.zip(observed.disk.position);
        Ok(Message::new(speaker, right, &says, log, &observed.words.without))
    }
}

/// A certificate that says nothing, for a zone that verifies none: TLS wants one.
fn made_up(now: OffsetDateTime) -> std::result::Result<KeyPair, MaterialError> {
    let refused = |error: &dyn std::fmt::Display| MaterialError::Refused(error.to_string());
    let spec = AuthoritySpec {
        subject: Subject::with_common_name("zone-etcd start"),
        path_length: 0,
        permitted_dns: Vec::new(),
        validity: Duration::days(1),
        key: KeyAlgorithm::P256,
    };
    let authority = Authority::generate(&spec, now).map_err(|error| refused(&error))?;
    KeyPair::from_pem(authority.certificate().pem().as_bytes(), authority.key().to_pem().as_bytes())
}

/// Which start this is: 32 hexadecimal digits.
pub(super) fn draw_process() -> Result<String> {
    Ok(zone_pki::hex::encode(&random::bytes::<16>()?))
}
