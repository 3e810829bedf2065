//! What a node or a client has, against what it has to have. Nothing is written here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use time::OffsetDateTime;
use zone_pki::{Certificate, CertificateRequest, Generation, GenerationStore, LeafSpec};

use super::authorities::Authorities;
use super::chain::pem;
use super::held_key::HeldKey;
use super::revoked_holders::RevokedCertificate;
use crate::config::{ClientName, Node, ZoneConfig};
use crate::error::{Exit, Failure, Result};
use crate::plan::{CLIENT_ROLE, IssueReason, Plane, ROOT_FILE, Role, ZonePaths, reason_to_reissue, roles_of};

/// Who holds certificates.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'z> {
    /// A node.
    Node(&'z Node),
    /// A client.
    Client(&'z ClientName),
}

impl<'z> Holder<'z> {
    /// The name in messages and in the issuance log: `node1.example.zone` or `client/admin`.
    pub fn name(self) -> String {
        match self {
            Self::Node(node) => node.name.full().to_owned(),
            Self::Client(client) => format!("client/{client}"),
        }
    }

    /// The name in tables: `node1` or `client/admin`.
    pub fn short_name(self) -> String {
        match self {
            Self::Node(node) => node.name.short().to_owned(),
            Self::Client(_) => self.name(),
        }
    }

    /// Where its generations are.
    pub fn generations(self, paths: &ZonePaths) -> PathBuf {
        match self {
            Self::Node(node) => paths.node(&node.name).generations(),
            Self::Client(client) => paths.client(client),
        }
    }

    fn roles(self) -> Vec<&'static Role> {
        match self {
            Self::Node(node) => roles_of(node).collect(),
            Self::Client(_) => vec![&CLIENT_ROLE],
        }
    }

    /// The files of every generation beside the certificates: what the holder trusts. A client needs what verifies servers alone.
    fn trust_files(self, authorities: &Authorities) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![(ROOT_FILE, pem(authorities.trusted_by_clients()).into_bytes())];
        if let Self::Node(node) = self
            && node.member
        {
            for plane in Plane::ALL {
                files.push((plane.authority_file(), pem(authorities.trusted(plane)).into_bytes()));
                files.push((plane.revocation_file(), authorities.revocations(plane).der().to_vec()));
            }
        }
        files
    }

    fn spec(self, zone: &ZoneConfig, role: &Role, authorities: &Authorities) -> LeafSpec {
        match self {
            Self::Node(node) => role.node_spec(zone, node, authorities.permitted_dns(role.plane, node)),
            Self::Client(client) => role.client_spec(zone, client),
        }
    }
}

/// What is to become of a certificate.
#[derive(Debug)]
pub enum Verdict {
    /// It stays: its files, as they are.
    Keep {
        /// The leaf.
        certificate: Box<Certificate>,
        /// `STEM.crt`.
        chain: Vec<u8>,
        /// Its key.
        key: HeldKey,
    },
    /// It is issued.
    Issue(IssueReason),
    /// It is not issued, whatever else is true of it: its holder was revoked. What it has stays.
    Withheld(Option<Box<Present>>),
}

/// The files of a certificate, as they are.
#[derive(Debug)]
pub struct Present {
    /// `STEM.crt`.
    pub chain: Vec<u8>,
    /// Its key.
    pub key: HeldKey,
}

/// A certificate that a holder has to have.
#[derive(Debug)]
pub struct Entry {
    /// Its role.
    pub role: &'static Role,
    /// What it has to be.
    pub spec: LeafSpec,
    /// What is to become of it.
    pub verdict: Verdict,
    /// The request by which it is issued, if its key is on its node.
    pub request: Option<Box<CertificateRequest>>,
}

/// Everything that a holder has to have, and what is missing of it.
#[derive(Debug)]
pub struct Assessment<'z> {
    /// Who.
    pub holder: Holder<'z>,
    /// Its generations.
    pub store: GenerationStore,
    /// The generation that is in use.
    pub current: Option<Generation>,
    /// Its certificates, in the order of the role table.
    pub entries: Vec<Entry>,
    /// The files beside them.
    pub trust_files: Vec<(&'static str, Vec<u8>)>,
    /// Whether those files, and the CAs that follow each certificate, are in the current generation as they should be.
    pub trust_is_current: bool,
    /// The certificates for which the holder is revoked; empty if it is not.
    revoked: Vec<RevokedCertificate>,
    /// Whether it was revoked, and is to have certificates again.
    is_reinstated: bool,
}

impl<'z> Assessment<'z> {
    /// Compares what is on disk with the zone description.
    pub fn of(
        holder: Holder<'z>,
        zone: &ZoneConfig,
        paths: &ZonePaths,
        authorities: &Authorities,
        now: OffsetDateTime,
    ) -> Result<Self> {
        Self::in_store(holder, zone, holder.generations(paths), authorities, now)
    }

    /// As [`Assessment::of`], for generations that are elsewhere than in a zone directory.
    pub fn in_store(
        holder: Holder<'z>,
        zone: &ZoneConfig,
        directory: PathBuf,
        authorities: &Authorities,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let store = GenerationStore::new(&directory);
        let current = store.current().map_err(|error| {
            Failure::bad_input(format!("cannot read the certificates in {}", directory.display()))
                .because(&error)
                .next(format!(
                    "move {} away, and have `zone-etcd pki issue` make new ones",
                    directory.display()
                ))
        })?;
        let mut revoked = authorities.revoked_holders.of(&holder.name()).to_vec();
        revoked.extend(listed(holder, current.as_ref(), authorities, &revoked));
        let mut entries = Vec::new();
        let mut chains_are_current = true;
        for role in holder.roles() {
            let authority = authorities.plane(role.plane);
            let spec = holder.spec(zone, role, authorities);
            check_constraints(holder, &spec, role.plane, authorities)?;
            let held = current.as_ref().map(|generation| HeldKey::read(generation, role));
            let request = match &held {
                Some(Ok(HeldKey::OnNode(request))) => Some(request.clone()),
                _ => None,
            };
            let verdict = match (&current, held) {
                (Some(generation), held) if !revoked.is_empty() => {
                    Verdict::Withheld(present(generation, role, held))
                }
                (None, _) if !revoked.is_empty() => Verdict::Withheld(None),
                (Some(generation), Some(key)) => examine(generation, key, role, &spec, authority, now),
                _ => Verdict::Issue(IssueReason::Missing),
            };
            chains_are_current &= follow_with(&verdict, &authorities.served_with(role.plane));
            entries.push(Entry { role, spec, verdict, request });
        }
        let trust_files = holder.trust_files(authorities);
        let trust_is_current = chains_are_current
            && current.as_ref().is_some_and(|generation| {
                trust_files
                    .iter()
                    .all(|(name, bytes)| generation.read(name).is_ok_and(|present| present == *bytes))
            });
        let is_reinstated = false;
        Ok(Self { holder, store, current, entries, trust_files, trust_is_current, revoked, is_reinstated })
    }

    /// Whether everything is there as it should be.
    pub fn is_complete(&self) -> bool {
        self.trust_is_current
            && self.entries.iter().all(|entry| matches!(entry.verdict, Verdict::Keep { .. }))
    }

    /// Has the certificates issued by these requests, by the stems of their roles. One that is there for the key of its request
    /// stays.
    pub fn certify(&mut self, mut requests: BTreeMap<&'static str, CertificateRequest>) {
        for entry in &mut self.entries {
            let Some(request) = requests.remove(entry.role.stem) else { continue };
            let is_there = entry.request.as_ref().is_some_and(|present| {
                present.subject_public_key_info() == request.subject_public_key_info()
            });
            let is_withheld = matches!(entry.verdict, Verdict::Withheld(_));
            let is_due = !is_there || matches!(entry.verdict, Verdict::Issue(IssueReason::Reinstated));
            if is_due && !is_withheld {
                entry.request = Some(Box::new(request));
                entry.verdict = Verdict::Issue(IssueReason::Requested);
            }
        }
    }

    /// Whether the holder was revoked: it gets no certificate, by whatever way it would.
    pub fn is_revoked(&self) -> bool {
        !self.revoked.is_empty()
    }

    /// The certificates for which it is revoked.
    pub fn revoked(&self) -> &[RevokedCertificate] {
        &self.revoked
    }

    /// Has a holder that was revoked get certificates again, all of them.
    pub(super) fn reinstate(&mut self) {
        if self.is_revoked() {
            self.revoked.clear();
            self.is_reinstated = true;
            for entry in &mut self.entries {
                entry.verdict = Verdict::Issue(IssueReason::Reinstated);
            }
        }
    }

    /// Whether it was revoked, and is to have certificates again.
    pub(super) fn is_reinstated(&self) -> bool {
        self.is_reinstated
    }

    /// Whether anything is to be written: of what was revoked, only what its holder trusts.
    pub(super) fn has_work(&self) -> bool {
        let has_nothing =
            || self.entries.iter().any(|entry| matches!(entry.verdict, Verdict::Withheld(None)));
        if self.is_revoked() { !self.trust_is_current && !has_nothing() } else { !self.is_complete() }
    }

    /// Whether a key of the holder is on its node, and not here.
    pub fn has_keys_elsewhere(&self) -> bool {
        self.entries.iter().any(|entry| entry.request.is_some())
    }

    /// Refuses what takes keys that the holder made itself. `next` says what to do instead, on its machine.
    pub fn refuse_keys_elsewhere(&self, next: impl Into<String>) -> Result<()> {
        if !self.has_keys_elsewhere() {
            return Ok(());
        }
        let name = self.holder.short_name();
        Err(Failure::new(Exit::MissingInput, format!("the keys of {name} are not here"))
            .because(format!("{name} made them itself, and asked for certificates"))
            .next(next))
    }

    /// Turns every certificate into one to be issued.
    pub fn issue_all(&mut self, reason: &IssueReason) {
        self.issue_where(reason, |_, _| true);
    }

    /// Turns every certificate that is `due` into one to be issued.
    pub fn issue_where(&mut self, reason: &IssueReason, due: impl Fn(&Role, &Certificate) -> bool) {
        for entry in &mut self.entries {
            if let Verdict::Keep { certificate, .. } = &entry.verdict
                && due(entry.role, certificate)
            {
                entry.verdict = Verdict::Issue(reason.clone());
            }
        }
    }
}

/// The certificates in use that are on the list of their plane.
fn listed(
    holder: Holder<'_>,
    current: Option<&Generation>,
    authorities: &Authorities,
    known: &[RevokedCertificate],
) -> Vec<RevokedCertificate> {
    let Some(generation) = current else { return Vec::new() };
    let in_use = holder.roles().into_iter().filter_map(|role| {
        let text = generation.read(&role.certificate_file()).ok()?;
        let certificate = Certificate::from_pem(&text).ok()?;
        authorities.has_revoked(role.plane, &certificate).then(|| RevokedCertificate {
            role: role.name.to_owned(),
            serial: certificate.serial_hex(),
            at: None,
        })
    });
    in_use.filter(|found| known.iter().all(|known| known.serial != found.serial)).collect()
}

fn present(
    generation: &Generation,
    role: &Role,
    held: Option<std::result::Result<HeldKey, String>>,
) -> Option<Box<Present>> {
    let chain = generation.read(&role.certificate_file()).ok()?;
    Some(Box::new(Present { chain, key: held?.ok()? }))
}

fn examine(
    generation: &Generation,
    key: std::result::Result<HeldKey, String>,
    role: &Role,
    spec: &LeafSpec,
    authority: &Certificate,
    now: OffsetDateTime,
) -> Verdict {
    let unusable = |why: String| Verdict::Issue(IssueReason::Unusable(why));
    let certificate_file = role.certificate_file();
    let chain = match generation.read(&certificate_file) {
        Ok(chain) => chain,
        Err(_) if !generation.path.join(&certificate_file).exists() => {
            return Verdict::Issue(IssueReason::Missing);
        }
        Err(error) => return unusable(format!("{certificate_file}: {error}")),
    };
    let certificate = match Certificate::from_pem(&chain) {
        Ok(certificate) => certificate,
        Err(error) => return unusable(format!("{certificate_file}: {error}")),
    };
    let key = match key.and_then(|key| key.check(&certificate, role).map(|()| key)) {
        Ok(key) => key,
        Err(why) => return unusable(why),
    };
    match reason_to_reissue(&certificate, spec, authority, now) {
        Some(reason) => Verdict::Issue(reason),
        None => Verdict::Keep { certificate: Box::new(certificate), chain, key },
    }
}

/// Whether a certificate that stays is followed in its file by the CAs that it should be. One that is issued will be.
fn follow_with(verdict: &Verdict, served: &[&Certificate]) -> bool {
    let Verdict::Keep { chain, .. } = verdict else { return true };
    Certificate::chain_from_pem(chain).is_ok_and(|present| present[1..].iter().eq(served.iter().copied()))
}

/// A name that a CA may not certify would make a certificate that every member refuses.
fn check_constraints(
    holder: Holder<'_>,
    spec: &LeafSpec,
    plane: Plane,
    authorities: &Authorities,
) -> Result<()> {
    for authority in std::iter::once(authorities.plane(plane)).chain(authorities.above(plane)) {
        for name in spec.names.iter() {
            let Err(error) = authority.name_constraints().check(name) else { continue };
            return Err(Failure::new(Exit::Configuration, format!("no certificate of {} can have the name {name}", holder.short_name()))
                .because(format!("{} may certify only some names: {error}", authority.subject()))
                .next("use a name below the zone's, or an IP address; other names have to be in zone.toml when the CAs are made"));
        }
    }
    Ok(())
}
