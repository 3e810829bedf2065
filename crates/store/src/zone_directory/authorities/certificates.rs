//! `ca/`: the root CA, the two plane CAs and their revocation lists, read and checked.

use std::ops::Deref;
use std::path::Path;

use time::OffsetDateTime;
use zone_pki::{Certificate, RevocationList, Rule, ShowPath};

use crate::zone_directory::authorities::authority_files::{
    check_directory, check_usable, read_certificate, read_chain, read_token, refuse_if_lost,
};
use crate::zone_directory::authorities::transition_cas::TransitionCas;
use crate::zone_directory::existing::{GivenPlanes, refuse_if_pending};
use crate::zone_directory::restored::read_restored;
use crate::zone_directory::revocation::revocation_lists::read_revocations;
use crate::zone_directory::revocation::revoked_holders::RevokedHolders;
use model::config::ZoneConfig;
use model::error::{Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::{ClusterToken, Plane, ZonePaths, days_left};
use model::report;

/// How the common name of a plane's CA ends.
pub(in crate::zone_directory) fn plane_authority_name(plane: Plane) -> String {
    format!("{} CA", plane.name())
}

/// The stem of the root's files.
pub const ROOT: &str = "root";

/// The certificates and revocation lists of a zone's CAs. Their keys are read when something is to be signed,
/// not before.
#[derive(Debug)]
pub struct Authorities {
    pub certificates: AuthorityCertificates,
    pub peer_revocations: RevocationList,
    pub client_revocations: RevocationList,
    /// Who was revoked. On a node there are no names, only the lists.
    pub revoked_holders: RevokedHolders,
}

#[derive(Debug)]
pub struct AuthorityCertificates {
    /// The root: the plane CAs are below it, unless they were made elsewhere. It may be an intermediate
    /// itself.
    pub root: Certificate,
    pub peer: Certificate,
    pub client: Certificate,
    /// The CAs above these that are not the root, in no order: see [`above`](Self::above).
    pub chain: Vec<Certificate>,
    /// Those that are trusted beside these, and do not sign.
    pub beside: TransitionCas,
    /// The cluster token, where the root is not the one that it follows from any more.
    pub pinned_token: Option<String>,
    /// The cluster that the zone has since it was restored, if it ever was.
    pub restored: Option<RestoredEpoch>,
    /// Which plane CAs were made elsewhere.
    pub given: GivenPlanes,
}

/// The lists come with the certificates.
impl Deref for Authorities {
    type Target = AuthorityCertificates;

    fn deref(&self) -> &AuthorityCertificates {
        &self.certificates
    }
}

impl Authorities {
    pub fn are_absent(paths: &ZonePaths) -> Result<bool> {
        let directory = paths.authorities();
        directory.try_exists().map(|exists| !exists).map_err(|error| Failure::read(&directory, &error))
    }

    /// Reads what the zone has. The owner and mode of `ca/` are checked at each use, and whether the lists
    /// are of these CAs: etcd would refuse all clients with a damaged one, and take any other.
    pub fn load(paths: &ZonePaths, now: OffsetDateTime) -> Result<Self> {
        Self::with_certificates(paths, AuthorityCertificates::load(paths, now)?)
    }

    /// The same, also where those that sign are not valid yet: for who looks, and for the way back from CAs
    /// that a clock which was ahead has made.
    pub fn load_before_their_time(paths: &ZonePaths, now: OffsetDateTime) -> Result<Self> {
        Self::with_certificates(paths, AuthorityCertificates::load_before_their_time(paths, now)?)
    }

    fn with_certificates(paths: &ZonePaths, certificates: AuthorityCertificates) -> Result<Self> {
        Ok(Self {
            peer_revocations: read_revocations(paths, Plane::Peer, &certificates)?,
            client_revocations: read_revocations(paths, Plane::Client, &certificates)?,
            revoked_holders: RevokedHolders::load(paths)?,
            certificates,
        })
    }

    pub fn revocations(&self, plane: Plane) -> &RevocationList {
        match plane {
            Plane::Peer => &self.peer_revocations,
            Plane::Client => &self.client_revocations,
        }
    }

    /// Whether the list of a plane has this certificate.
    pub fn has_revoked(&self, plane: Plane, certificate: &Certificate) -> bool {
        self.revocations(plane).lists(certificate)
    }
}

impl AuthorityCertificates {
    /// Tells the operator of a CA that comes to its end: nothing that it issues lives longer.
    pub fn warn_of_age(&self, paths: &ZonePaths, now: OffsetDateTime) {
        for (stem, certificate) in self.all() {
            if certificate.fault(&[Rule::Young(now)]).is_some() {
                let file = paths.authority_certificate(stem);
                let days = days_left(certificate, now);
                report::warning(&format!(
                    "{} expires in {days} days, and all that it issued with it",
                    file.shown()
                ));
            }
        }
    }

    /// Reads the certificates alone, for who makes the lists. Of those that do not sign none has to be valid:
    /// one that did may end in the meantime, and one that is to may not have begun.
    pub(in crate::zone_directory) fn load(paths: &ZonePaths, now: OffsetDateTime) -> Result<Self> {
        let authorities = Self::read(paths)?;
        for (stem, certificate) in authorities.all() {
            check_usable(&paths.authority_certificate(stem), certificate, now)?;
        }
        for certificate in &authorities.chain {
            check_usable(&paths.authority_chain(), certificate, now)?;
        }
        authorities.check_places(paths)
    }

    fn load_before_their_time(paths: &ZonePaths, now: OffsetDateTime) -> Result<Self> {
        let authorities = Self::read(paths)?;
        for (stem, certificate) in authorities.all() {
            let begun = now.max(certificate.not_before());
            check_usable(&paths.authority_certificate(stem), certificate, begun)?;
        }
        authorities.check_places(paths)
    }

    fn read(paths: &ZonePaths) -> Result<Self> {
        if Authorities::are_absent(paths)? {
            refuse_if_lost(paths)?;
        }
        check_directory(&paths.authorities())?;
        refuse_if_pending(paths)?;
        Ok(Self {
            root: read_certificate(paths, ROOT)?,
            peer: read_certificate(paths, Plane::Peer.name())?,
            client: read_certificate(paths, Plane::Client.name())?,
            chain: read_chain(paths)?,
            beside: TransitionCas::load(paths)?,
            pinned_token: read_token(paths)?,
            restored: read_restored(paths)?,
            given: GivenPlanes::load(paths)?,
        })
    }

    fn check_places(self, paths: &ZonePaths) -> Result<Self> {
        for plane in Plane::ALL {
            self.check_place(paths, plane)?;
            self.check_beside(paths, plane)?;
        }
        Ok(self)
    }

    /// A plane CA below another root would give another cluster token, and one in the other plane's place
    /// would open that plane to every certificate that it ever issued.
    fn check_place(&self, paths: &ZonePaths, plane: Plane) -> Result<()> {
        let certificate = self.plane(plane);
        let path = paths.authority_certificate(plane.name());
        if plane == Plane::Client
            && certificate.subject_public_key_info() == self.peer.subject_public_key_info()
        {
            let peer = paths.authority_certificate(Plane::Peer.name());
            return out_of_place(paths, plane, &path, format!("it has the same key as {}", peer.shown()));
        }
        match self.given.matches(plane, certificate) {
            Some(true) => return Ok(()),
            Some(false) => {
                let why = format!("{} names another one", paths.given_planes().shown());
                return out_of_place(paths, plane, &path, why);
            }
            None => {}
        }
        if !certificate.names_issuer(&self.root) {
            let why = format!("it was not issued by {}", paths.authority_certificate(ROOT).shown());
            return out_of_place(paths, plane, &path, why);
        }
        check_name(paths, plane, &path, certificate)
    }

    /// The same for the CA beside that of the plane, which is below one of the two roots.
    fn check_beside(&self, paths: &ZonePaths, plane: Plane) -> Result<()> {
        let Some(ca) = self.beside.plane(plane) else { return Ok(()) };
        let path = paths.authority_certificate(&ca.place.stem(plane.name()));
        let roots =
            std::iter::once(&self.root).chain(self.beside.root.as_ref().map(|root| &root.certificate));
        let key = ca.certificate.subject_public_key_info();
        if Plane::ALL.into_iter().any(|other| self.plane(other).subject_public_key_info() == key) {
            return out_of_place(paths, plane, &path, "it has the key of a CA that signs".to_owned());
        }
        if !roots.into_iter().any(|root| ca.certificate.names_issuer(root)) {
            return out_of_place(paths, plane, &path, "it was not issued by the zone's root".to_owned());
        }
        check_name(paths, plane, &path, &ca.certificate)
    }

    /// The last restore of the zone.
    pub fn restored(&self) -> Option<&RestoredEpoch> {
        self.restored.as_ref()
    }

    /// The token of the zone's cluster: the one that it was restored with, the one of its description, or the
    /// one that follows from the root's key.
    pub fn token(&self, zone: &ZoneConfig) -> ClusterToken {
        let restored = self.restored.as_ref().map(|epoch| &epoch.token);
        match restored.or(zone.etcd.token.as_ref()).or(self.pinned_token.as_ref()) {
            Some(token) => ClusterToken::given(token),
            None => ClusterToken::derive(&zone.name, &self.root.subject_public_key_sha256()),
        }
    }

    pub fn plane(&self, plane: Plane) -> &Certificate {
        match plane {
            Plane::Peer => &self.peer,
            Plane::Client => &self.client,
        }
    }

    /// Every CA whose certificates a plane takes, the older first: the order does not change when another of
    /// them begins to sign, so that a file of them does not either.
    pub fn trusted(&self, plane: Plane) -> Vec<&Certificate> {
        let beside = self.beside.plane(plane).map(|ca| &ca.certificate);
        let mut trusted: Vec<&Certificate> = std::iter::once(self.plane(plane)).chain(beside).collect();
        trusted.sort_by_key(|certificate| (certificate.not_before(), certificate.fingerprint_sha256()));
        trusted
    }

    /// Every CA with the stem of its files.
    pub fn all(&self) -> [(&'static str, &Certificate); 3] {
        [(ROOT, &self.root), (Plane::Peer.name(), &self.peer), (Plane::Client.name(), &self.client)]
    }
}

fn out_of_place(paths: &ZonePaths, plane: Plane, path: &Path, why: String) -> Result<()> {
    Err(Failure::bad_input(format!("{} is not the zone's {} CA", path.shown(), plane.name()))
        .because(why)
        .next(format!("put {} back from your copy of the zone directory", paths.authorities().shown())))
}

/// The planes' revocation lists are told apart by nothing else, so the CAs' own names are the mark.
fn check_name(paths: &ZonePaths, plane: Plane, path: &Path, certificate: &Certificate) -> Result<()> {
    let others = Plane::ALL.into_iter().filter(|other| *other != plane);
    for other in others {
        if certificate.common_name().is_some_and(|name| name.ends_with(&plane_authority_name(other))) {
            let why = format!("it is the {} CA: {}", other.name(), certificate.subject());
            return out_of_place(paths, plane, path, why);
        }
    }
    Ok(())
}
