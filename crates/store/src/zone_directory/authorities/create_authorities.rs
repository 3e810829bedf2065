//! Makes the CAs of a zone: all of them, or those that are missing below a root that is there.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;
use zone_pki::{
    Authority, AuthoritySpec, Certificate, IssueError, PrivateKey, ShowPath, Subject, SubjectAltName, hex,
    private_file,
};

use crate::zone_directory::authorities::authority_files::{
    check_directory, load_authority, read_chain, refuse_if_lost,
};
use crate::zone_directory::authorities::ca_keys::key_text;
use crate::zone_directory::authorities::certificates::{
    Authorities, AuthorityCertificates, ROOT, plane_authority_name,
};
use crate::zone_directory::authorities::chain::way_up;
use crate::zone_directory::authorities::transition_cas::TransitionCas;
use crate::zone_directory::existing::{GivenPlanes, check_root, refuse_if_pending};
use crate::zone_directory::failures::private_zone_failure;
use crate::zone_directory::rotation::aside::{Aside, abandoned, remove_abandoned};
use crate::zone_directory::rotation::exchange::Exchange;
use crate::zone_directory::trial::try_out;
use crate::zone_directory::{CaPassphrase, ZoneLock};
use model::config::ZoneConfig;
use model::disabled_fixes::Fix;
use model::error::{Exit, Failure, Result};
use model::plan::{Plane, ZonePaths, organization, permitted_dns};
use model::report::shell_quoted_path;

#[derive(Clone, Copy, Debug)]
pub struct NewKeys<'p> {
    /// What opens the root's key, if that is locked, and locks those that are made.
    pub passphrase: &'p CaPassphrase,
    /// The CAs whose keys are locked from the start: those are never on the disk in the clear.
    pub locked: &'p [&'static str],
}

impl<'p> NewKeys<'p> {
    pub fn clear(passphrase: &'p CaPassphrase) -> Self {
        Self { passphrase, locked: &[] }
    }

    pub(in crate::zone_directory) fn text(&self, stem: &str, key: &PrivateKey) -> Result<Zeroizing<String>> {
        let locks = self.locked.contains(&stem);
        let passphrase = locks.then(|| self.passphrase.to_lock_with()).transpose()?;
        key_text(key, passphrase.as_ref())
    }
}

/// Makes what is missing of a zone's CAs: all of them, or the plane CAs below a root that is there. What is
/// there is never replaced.
#[tracing::instrument(skip_all, name = "make CAs")]
pub fn create_missing(
    paths: &ZonePaths,
    zone: &ZoneConfig,
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<Vec<&'static str>> {
    if Authorities::are_absent(paths)? {
        refuse_if_lost(paths)?;
        create_all(paths, zone, keys, now)?;
        return Ok(vec![ROOT, Plane::Peer.name(), Plane::Client.name()]);
    }
    let directory = paths.authorities();
    check_directory(&directory)?;
    refuse_if_pending(paths)?;
    for stem in [ROOT, Plane::Peer.name(), Plane::Client.name()] {
        refuse_key_alone(paths, stem)?;
    }
    let missing: Vec<Plane> =
        Plane::ALL.into_iter().filter(|plane| !paths.authority_certificate(plane.name()).exists()).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    if !paths.authority_certificate(ROOT).exists() {
        return Err(Failure::new(Exit::MissingInput, format!("{} has no root CA", directory.shown()))
            .because("root.crt and root.key are not there, but the directory is")
            .next(format!(
                "put root.crt and root.key back, or move {} away to let new CAs be made",
                directory.shown()
            )));
    }
    create_planes(paths, zone, &missing, keys, now, held)?;
    Ok(missing.into_iter().map(Plane::name).collect())
}

/// A key whose certificate is missing: lost, or left by an `init` that was interrupted.
fn refuse_key_alone(paths: &ZonePaths, stem: &str) -> Result<()> {
    let (certificate, key) = (paths.authority_certificate(stem), paths.authority_key(stem));
    if certificate.exists() || !key.exists() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::MissingInput,
        format!("{} is not there, but {} is", certificate.shown(), key.shown()),
    )
    .next(format!(
        "put the file back from your copy of the zone directory; if an `init` was interrupted: mv {0} \
         {0}.unused",
        shell_quoted_path(&key)
    )))
}

fn create_all(paths: &ZonePaths, zone: &ZoneConfig, keys: &NewKeys<'_>, now: OffsetDateTime) -> Result<()> {
    let root = make_root(zone, 1, now)?;
    // Everything is written aside and renamed at once: a zone has all of its CAs or none.
    let staged = stage(paths)?;
    write_authority(staged.path(), ROOT, &root, keys, None)?;
    for plane in Plane::ALL {
        let authority = issue_plane_authority(&root, &[], zone, (plane, 1), now)?;
        write_authority(staged.path(), plane.name(), &authority, keys, Some(now))?;
    }
    put_in_place(paths, staged)
}

pub(in crate::zone_directory) fn make_root(
    zone: &ZoneConfig,
    edition: u32,
    now: OffsetDateTime,
) -> Result<Authority> {
    let spec = AuthoritySpec {
        path_length: 1,
        permitted_dns: Vec::new(),
        ..authority_spec(zone, ROOT_NAME, edition)
    };
    let made = PrivateKey::generate(spec.key).map_err(IssueError::from).and_then(|key| {
        let spec = named_by_key(spec, edition, &key);
        Authority::with_key(&spec, key, now)
    });
    made.map_err(|error| Failure::internal("cannot make the zone's root CA").because(&error))
}

/// Makes what was staged the zone's `ca/`, which is not there yet.
pub(in crate::zone_directory) fn put_in_place(paths: &ZonePaths, staged: Aside) -> Result<()> {
    sync(staged.path())?;
    let directory = paths.authorities();
    std::fs::rename(staged.path(), &directory).map_err(|error| Failure::write(&directory, &error))?;
    // The directory has another name now, so there is nothing left to remove.
    staged.has_moved();
    sync(paths.root())
}

/// Plane CAs below the root that is there, all of them at once.
fn create_planes(
    paths: &ZonePaths,
    zone: &ZoneConfig,
    planes: &[Plane],
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<()> {
    let root = load_authority(paths, ROOT, keys.passphrase, now)?;
    let chain = read_chain(paths)?;
    let above = way_up(root.certificate(), &chain.iter().collect::<Vec<_>>());
    check_root(&paths.authority_certificate(ROOT), root.certificate(), &above, zone, now)?;
    let above: Vec<Certificate> = above.into_iter().cloned().collect();
    let exchange = Exchange::begin(paths, held)?;
    for plane in planes {
        let authority = issue_plane_authority(&root, &above, zone, (*plane, 1), now)?;
        let certificates = AuthorityCertificates {
            root: root.certificate().clone(),
            peer: authority.certificate().clone(),
            client: authority.certificate().clone(),
            chain: chain.clone(),
            beside: TransitionCas::default(),
            pinned_token: None,
            restored: None,
            given: GivenPlanes::default(),
        };
        try_out(&certificates, *plane, &authority, zone, now)?;
        write_authority(&exchange.path(""), plane.name(), &authority, keys, Some(now))?;
    }
    exchange.put_in_place()
}

/// What CAs are called while they are written.
const STAGED: &str = ".ca-";

/// A directory for CAs that are not in use yet.
pub(in crate::zone_directory) fn stage(paths: &ZonePaths) -> Result<Aside> {
    Aside::make(paths.root(), STAGED)
}

/// Removes what an interrupted command left of CAs that are not in use, or have been exchanged for others:
/// copies of keys that a later `ca lock` would not reach. The zone's lock has to be held.
pub(in crate::zone_directory) fn remove_abandoned_authorities(paths: &ZonePaths) {
    remove_abandoned(paths.root(), STAGED);
}

pub(in crate::zone_directory) fn abandoned_authorities(paths: &ZonePaths) -> Vec<PathBuf> {
    abandoned(paths.root(), STAGED)
}

pub(in crate::zone_directory) const ROOT_NAME: &str = "root CA";

/// What a CA has to be. Each generation of a CA has a name of its own: handshakes, which name the trusted
/// CAs, tell them apart.
fn authority_spec(zone: &ZoneConfig, what: &str, edition: u32) -> AuthoritySpec {
    let what = if edition > 1 { format!("G{edition} {what}") } else { what.to_owned() };
    let full = format!("{} {what}", zone.name);
    let subject = Subject {
        common_name: Some(Subject::fit_common_name(&full, &what)),
        organization: Some(organization(zone)),
        organizational_unit: None,
    };
    let validity = Duration::try_from(zone.pki.authority_validity).unwrap_or(Duration::MAX);
    AuthoritySpec { subject, path_length: 0, permitted_dns: permitted_dns(zone), validity, key: zone.pki.key }
}

/// Copies of a zone directory make CAs of the same number, and a client that is shown the names of CAs has to
/// tell those apart as well: the name of each that follows another tells its key.
fn named_by_key(mut spec: AuthoritySpec, edition: u32, key: &PrivateKey) -> AuthoritySpec {
    if edition > 1 && !Fix::NamedByKey.is_off() {
        let tag = hex::encode(&key.subject_public_key_sha256()[..8]);
        spec.subject.organizational_unit = Some(format!("key {tag}"));
    }
    spec
}

/// What the CA of a plane has to be below these. A short name that one of them does not permit is left out,
/// here and later in the certificates of nodes.
pub(in crate::zone_directory) fn plane_spec(
    zone: &ZoneConfig,
    (plane, edition): (Plane, u32),
    above: &[&Certificate],
) -> AuthoritySpec {
    let mut spec = authority_spec(zone, &plane_authority_name(plane), edition);
    let is_permitted = |name: &String| {
        let name = SubjectAltName::Dns(name.clone());
        above.iter().all(|authority| authority.name_constraints().check(&name).is_ok())
    };
    spec.permitted_dns.retain(is_permitted);
    spec
}

/// A plane's CA below `root`, which has `above` it.
pub(in crate::zone_directory) fn issue_plane_authority(
    root: &Authority,
    above: &[Certificate],
    zone: &ZoneConfig,
    (plane, edition): (Plane, u32),
    now: OffsetDateTime,
) -> Result<Authority> {
    let way: Vec<&Certificate> = std::iter::once(root.certificate()).chain(above).collect();
    let spec = plane_spec(zone, (plane, edition), &way);
    let issued = PrivateKey::generate(spec.key).map_err(IssueError::from).and_then(|key| {
        let spec = named_by_key(spec, edition, &key);
        root.issue_authority_with_key(&spec, key, now)
    });
    issued.map_err(|error| {
        Failure::bad_input(format!("the root CA cannot issue the {} plane's CA", plane.name()))
            .because(&error)
            .next("put a root CA into ca/ that may issue CAs: path length 1 or more, keyCertSign")
    })
}

/// The revocation list of a CA that has revoked nothing.
pub(in crate::zone_directory) fn first_revocations(
    authority: &Authority,
    now: OffsetDateTime,
) -> Result<Vec<u8>> {
    authority.revocation_list(&[], 1, now, authority.certificate().not_after()).map_err(|error| match error {
        IssueError::NoRevocationSigning => {
            Failure::bad_input(format!("{} may not sign revocation lists", authority.certificate().subject()))
                .because("etcd refuses every connection without one, and keyUsage lacks cRLSign")
                .next("have the CA issued again with keyCertSign and cRLSign in its keyUsage")
        }
        error => Failure::internal("cannot make a revocation list").because(&error),
    })
}

pub(in crate::zone_directory) fn write_authority(
    directory: &Path,
    stem: &str,
    authority: &Authority,
    keys: &NewKeys<'_>,
    revocations_at: Option<OffsetDateTime>,
) -> Result<()> {
    // The key comes first: a certificate without its key would look like a finished pair whose key was lost.
    create(&directory.join(format!("{stem}.key")), keys.text(stem, authority.key())?.as_bytes(), 0o600)?;
    if let Some(now) = revocations_at {
        let list = first_revocations(authority, now)?;
        create(&directory.join(format!("{stem}.crl")), &list, 0o644)?;
    }
    create(&directory.join(format!("{stem}.crt")), authority.certificate().pem().as_bytes(), 0o644)
}

pub(in crate::zone_directory) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    private_file::create(path, bytes, mode).map_err(|error| private_zone_failure(path, &error))?;
    sync(path)
}

pub(in crate::zone_directory) fn sync(path: &Path) -> Result<()> {
    private_file::sync(path).map_err(|error| private_zone_failure(path, &error))
}

/// Writes a file that the owner may edit: aside, synced, and in its place only if nothing is there.
pub fn create_file(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new("."));
    let written = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(path).map_err(|error| error.error)
        });
    written.map_err(|error| Failure::write(path, &error))?;
    sync(directory)
}

/// Makes a directory of ours with its mode, and its parents.
pub fn create_directory(path: &Path) -> Result<()> {
    match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) => Err(Failure::write(path, &error)),
    }
}
