//! CAs that were made elsewhere: taken with their keys, or asked for certificates by requests.

mod check;
mod external;
mod read;
mod record;
mod requests;

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::{Authority, Certificate, ShowPath};

use super::{CaPassphrase, NewKeys, ZoneLock};
use crate::zone_directory::authorities::authority_files::refuse_if_lost;
use crate::zone_directory::authorities::certificates::{Authorities, AuthorityCertificates, ROOT};
use crate::zone_directory::authorities::chain::{pem, way_up};
use crate::zone_directory::authorities::create_authorities::{
    create, issue_plane_authority, make_root, put_in_place, stage, write_authority,
};
use crate::zone_directory::authorities::transition_cas::TransitionCas;
use crate::zone_directory::trial::try_out;
use check::{Part, check, warn};
use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};
use model::plan::{Plane, ZonePaths};
use read::{GivenAuthority, read_certificates};

pub(super) use check::check_root;
pub use external::complete;
pub use read::GivenFiles;
pub use record::GivenPlanes;
pub(super) use requests::refuse_if_pending;
pub use requests::{Requests, inspect_authority, request};

/// The CAs that the operator brings, each with its key.
#[derive(Clone, Debug, Default)]
pub struct GivenCas {
    /// The plane CAs are made below it.
    pub root: Option<GivenFiles>,
    pub peer: Option<GivenFiles>,
    pub client: Option<GivenFiles>,
}

impl GivenCas {
    /// Whether none is brought.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &GivenFiles)> {
        let each =
            [(ROOT, &self.root), (Plane::Peer.name(), &self.peer), (Plane::Client.name(), &self.client)];
        each.into_iter().filter_map(|(stem, files)| Some((stem, files.as_ref()?)))
    }
}

/// Makes the CAs of a zone out of those that are given, and makes those that are not. The files are copied; a
/// key that comes locked stays so. Returns whether anything was written: the same CAs may be given again.
pub fn adopt(
    paths: &ZonePaths,
    zone: &ZoneConfig,
    given: &GivenCas,
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    _held: &ZoneLock,
) -> Result<bool> {
    if !Authorities::are_absent(paths)? {
        refuse_others(paths, given)?;
        return Ok(false);
    }
    refuse_if_lost(paths)?;
    let new = assemble(zone, given, keys.passphrase, now)?;
    for given in &new.brought {
        warn(&given.file, &given.certificate, &given.above, zone, now);
    }
    let locked = [keys.locked, &new.came_locked].concat();
    write(paths, &new, &NewKeys { locked: &locked, ..*keys }, now)?;
    Ok(true)
}

/// Whether the CAs that are given will do. Nothing is written.
pub fn inspect(
    zone: &ZoneConfig,
    given: &GivenCas,
    passphrase: &CaPassphrase,
    now: OffsetDateTime,
) -> Result<()> {
    assemble(zone, given, passphrase, now).map(drop)
}

/// The CAs of a zone that has none yet, given or new.
struct NewCas {
    root: Authority,
    peer: Authority,
    client: Authority,
    authorities: AuthorityCertificates,
    brought: Vec<Brought>,
    /// The stems of those whose keys came under a passphrase.
    came_locked: Vec<&'static str>,
}

/// A CA that was given, for messages.
struct Brought {
    file: PathBuf,
    certificate: Certificate,
    above: Vec<Certificate>,
}

/// Reads the CAs that are given, checks them, makes the others, and tries them all.
fn assemble(
    zone: &ZoneConfig,
    given: &GivenCas,
    passphrase: &CaPassphrase,
    now: OffsetDateTime,
) -> Result<NewCas> {
    let read = |files: &Option<GivenFiles>, part| -> Result<Option<GivenAuthority>> {
        let Some(files) = files else { return Ok(None) };
        let given = GivenAuthority::read(files, passphrase, now)?;
        let above: Vec<&Certificate> = given.above.iter().collect();
        check(&given.file, given.authority.certificate(), &above, part, zone, now)?;
        Ok(Some(given))
    };
    let root = read(&given.root, Part::Root)?;
    let peer = read(&given.peer, Part::Plane(Plane::Peer))?;
    let client = read(&given.client, Part::Plane(Plane::Client))?;
    let brought: Vec<Brought> = [&root, &peer, &client].into_iter().flatten().map(Brought::of).collect();
    refuse_shared(&brought)?;
    let each = [(ROOT, &root), (Plane::Peer.name(), &peer), (Plane::Client.name(), &client)];
    let came_locked =
        each.into_iter().filter(|(_, given)| given.as_ref().is_some_and(|given| given.came_locked));
    let came_locked = came_locked.map(|(stem, _)| stem).collect();

    let mut record = GivenPlanes::default();
    for (plane, given) in [(Plane::Peer, &peer), (Plane::Client, &client)] {
        if let Some(given) = given {
            record.note(plane, given.authority.certificate());
        }
    }
    let (root, above) = match root {
        Some(given) => (given.authority, given.above),
        None => (make_root(zone, 1, now)?, Vec::new()),
    };
    let plane_authority = |given: Option<GivenAuthority>, plane| match given {
        Some(given) => Ok(given.authority),
        None => issue_plane_authority(&root, &above, zone, (plane, 1), now),
    };
    let peer = plane_authority(peer, Plane::Peer)?;
    let client = plane_authority(client, Plane::Client)?;
    let mut chain = brought.iter().flat_map(|given| given.above.clone()).collect();
    tidy(&mut chain, root.certificate());
    let authorities = AuthorityCertificates {
        beside: TransitionCas::default(),
        pinned_token: None,
        restored: None,
        root: root.certificate().clone(),
        peer: peer.certificate().clone(),
        client: client.certificate().clone(),
        chain,
        given: record,
    };
    for (plane, signer) in [(Plane::Peer, &peer), (Plane::Client, &client)] {
        try_out(&authorities, plane, signer, zone, now)?;
    }
    Ok(NewCas { root, peer, client, authorities, brought, came_locked })
}

impl Brought {
    fn of(given: &GivenAuthority) -> Self {
        Self {
            file: given.file.clone(),
            certificate: given.authority.certificate().clone(),
            above: given.above.clone(),
        }
    }
}

/// All at once: a zone has all of its CAs or none.
fn write(paths: &ZonePaths, new: &NewCas, keys: &NewKeys<'_>, now: OffsetDateTime) -> Result<()> {
    let staged = stage(paths)?;
    write_authority(staged.path(), ROOT, &new.root, keys, None)?;
    write_authority(staged.path(), Plane::Peer.name(), &new.peer, keys, Some(now))?;
    write_authority(staged.path(), Plane::Client.name(), &new.client, keys, Some(now))?;
    for (name, text) in beside(paths, &new.authorities)? {
        create(&staged.path().join(name), text.as_bytes(), 0o644)?;
    }
    put_in_place(paths, staged)
}

/// The files that only a zone with CAs made elsewhere has, by name.
fn beside(paths: &ZonePaths, authorities: &AuthorityCertificates) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    if !authorities.chain.is_empty() {
        files.push((name_of(&paths.authority_chain()), pem(&authorities.chain)));
    }
    if !authorities.given.is_empty() {
        files.push((name_of(&paths.given_planes()), authorities.given.text()?));
    }
    Ok(files)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Each certificate once, and not the root, which has a file of its own.
fn tidy(chain: &mut Vec<Certificate>, root: &Certificate) {
    let mut seen: Vec<Certificate> = vec![root.clone()];
    chain.retain(|certificate| {
        let is_new = !seen.contains(certificate);
        if is_new {
            seen.push(certificate.clone());
        }
        is_new
    });
}

/// One key for two of them would open the peer plane to every client.
fn refuse_shared(brought: &[Brought]) -> Result<()> {
    for (index, one) in brought.iter().enumerate() {
        for other in &brought[index + 1..] {
            let key = |given: &Brought| given.certificate.subject_public_key_sha256();
            if key(one) == key(other) {
                return Err(shared_key(&one.file, &other.file));
            }
        }
    }
    Ok(())
}

fn shared_key(one: &Path, other: &Path) -> Failure {
    let what = if one == other {
        format!("{} is given twice", one.shown())
    } else {
        format!("{} and {} have the same key", one.shown(), other.shown())
    };
    Failure::bad_input(what)
        .because(
            "each plane has a CA of its own: whatever one CA issued for clients could take part in consensus \
             as a member",
        )
        .next("give another CA for one of them, or leave one option out: the zone then makes that CA itself")
}

/// CAs are never replaced; the very same ones may be given again.
fn refuse_others(paths: &ZonePaths, given: &GivenCas) -> Result<()> {
    refuse_if_pending(paths)?;
    for (stem, files) in given.all() {
        let path = paths.authority_certificate(stem);
        let first = |file: &Path| -> Result<Option<Certificate>> {
            if file.try_exists().map_err(|error| Failure::read(file, &error))? {
                Ok(read_certificates(file)?.into_iter().next())
            } else {
                Ok(None)
            }
        };
        if first(&path)? != first(&files.certificate)? {
            return Err(Failure::new(Exit::CannotCreate, format!("{} is there already", path.shown()))
                .because(format!("{} is another CA, and none is ever replaced", files.certificate.shown()))
                .because("every certificate follows from it, and the cluster's token from the root")
                .next("for a zone below that CA choose another directory with --zone"));
        }
    }
    Ok(())
}

/// What stands above `certificate` among others, cloned.
fn chain_above(certificate: &Certificate, others: &[&Certificate]) -> Vec<Certificate> {
    way_up(certificate, others).into_iter().cloned().collect()
}
