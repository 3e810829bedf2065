//! New CAs in the place of others, one step after the other. Each step is one exchange of `ca/`.
//!
//! | step | signs | trusted |
//! |---|---|---|
//! | | A | A |
//! | [`prepare_next`] | A | A, B |
//! | [`switch`] | B | A, B |
//! | [`retire`] | B | B |
//!
//! [`switch_back`] and [`retire`] undo them in the other order. What is retired is kept in `ca/retired/N/`.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use zone_pki::{Authority, Certificate, RevocationList};

use super::authorities::{Authorities, ROOT, plane_authority_name};
use super::authority_files::load_authority;
use super::beside::{Beside, Place};
use super::create_authorities::{ROOT_NAME, issue_plane_authority, make_root, remove_abandoned_authorities};
use super::exchange::Exchange;
use super::{KeyState, NewKeys, ZoneDirectory, ZoneLock, key_state};
use crate::error::{Exit, Failure, Result};
use crate::plan::Plane;

/// Which CAs are to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The CA of one plane.
    Plane(Plane),
    /// The CAs of both planes.
    Planes,
    /// The root, and below it both.
    Root,
}

impl Rotated {
    /// The planes whose CAs are replaced.
    pub fn planes(self) -> &'static [Plane] {
        match self {
            Self::Plane(Plane::Peer) => &[Plane::Peer],
            Self::Plane(Plane::Client) => &[Plane::Client],
            Self::Planes | Self::Root => &Plane::ALL,
        }
    }

    /// Whether it is one CA.
    pub fn is_one(self) -> bool {
        matches!(self, Self::Plane(_))
    }

    /// The stems of the CAs that are replaced.
    pub fn stems(self) -> Vec<&'static str> {
        let root = (self == Self::Root).then_some(ROOT);
        root.into_iter().chain(self.planes().iter().map(|plane| plane.name())).collect()
    }

    /// What is under way in these CAs, by what stands beside them.
    pub fn under_way(authorities: &Authorities) -> Option<(Self, Place)> {
        let beside = &authorities.beside;
        let rotated = match (&beside.root, &beside.peer, &beside.client) {
            (Some(_), _, _) => Self::Root,
            (None, Some(_), Some(_)) => Self::Planes,
            (None, Some(_), None) => Self::Plane(Plane::Peer),
            (None, None, Some(_)) => Self::Plane(Plane::Client),
            (None, None, None) => return None,
        };
        // All of them stand in the same place: they change it together.
        let (_, first) = beside.all().next()?;
        Some((rotated, first.place))
    }
}

impl std::fmt::Display for Rotated {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Plane(Plane::Peer) => "the CA of the peer plane",
            Self::Plane(Plane::Client) => "the CA of the client plane",
            Self::Planes => "the CAs of both planes",
            Self::Root => "the root CA and the CAs of both planes",
        })
    }
}

/// Removes what an interrupted step has left: a copy of the CAs, with their keys.
pub fn tidy(zone: &ZoneDirectory, _held: &ZoneLock) -> Result<()> {
    remove_abandoned_authorities(&zone.paths)
}

/// Makes the CAs that are to sign next, and has them trusted.
pub fn prepare_next(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    rotated: Rotated,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<()> {
    refuse_if_made_elsewhere(zone, authorities, rotated)?;
    refuse_unless_at(zone, rotated, None)?;
    // A passphrase that opens none of the keys that are there would lock away those that follow.
    for stem in rotated.stems() {
        if key_state(&zone.paths, stem)? == KeyState::Locked {
            load_authority(&zone.paths, stem, &zone.ca_passphrase, now)?;
        }
    }
    let edition = next_edition(zone)?;
    let exchange = Exchange::begin(&zone.paths, held)?;
    let (root, above) = match rotated {
        Rotated::Root => {
            let root = make_root(&zone.config, edition, now)?;
            write_next(zone, &exchange, ROOT, &root)?;
            // The token follows from the root's key, and the ids of the members from the token.
            if zone.config.etcd.token.is_none() && authorities.pinned_token.is_none() {
                let token = authorities.token(&zone.config);
                exchange.write("token", format!("{}\n", token.as_str()).as_bytes(), 0o644)?;
            }
            (root, Vec::new())
        }
        Rotated::Plane(_) | Rotated::Planes => {
            let root = load_authority(&zone.paths, ROOT, &zone.ca_passphrase, now)?;
            (root, authorities.above_root().into_iter().cloned().collect())
        }
    };
    for plane in rotated.planes() {
        let authority = issue_plane_authority(&root, &above, &zone.config, (*plane, edition), now)?;
        write_next(zone, &exchange, plane.name(), &authority)?;
    }
    exchange.put_in_place()
}

/// Has the CAs sign that wait to. Those that did stay trusted.
pub fn switch(zone: &ZoneDirectory, rotated: Rotated, now: OffsetDateTime, held: &ZoneLock) -> Result<()> {
    exchange_signers(zone, rotated, Place::Next, Place::Previous, now, held)
}

/// Has the CAs sign again that did before.
pub fn switch_back(
    zone: &ZoneDirectory,
    rotated: Rotated,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<()> {
    exchange_signers(zone, rotated, Place::Previous, Place::Next, now, held)
}

/// Ends the trust in the CAs that do not sign, whether they are to or did. Returns where they are now.
pub fn retire(zone: &ZoneDirectory, authorities: &Authorities, held: &ZoneLock) -> Result<String> {
    let exchange = Exchange::begin(&zone.paths, held)?;
    let number =
        (1_u32..).find(|number| !exchange.path(format!("retired/{number}")).exists()).unwrap_or_default();
    let directory = format!("retired/{number}");
    for (stem, ca) in authorities.beside.all() {
        move_pair(&exchange, &ca.place.stem(stem), &format!("{directory}/{stem}"))?;
    }
    Place::ALL.into_iter().for_each(|place| exchange.remove_if_empty(place.directory()));
    exchange.put_in_place()?;
    Ok(format!("ca/{directory}"))
}

fn exchange_signers(
    zone: &ZoneDirectory,
    rotated: Rotated,
    from: Place,
    to: Place,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<()> {
    refuse_unless_at(zone, rotated, Some(from))?;
    let exchange = Exchange::begin(&zone.paths, held)?;
    for stem in rotated.stems() {
        refuse_unless_whole(zone, &from.stem(stem))?;
        move_pair(&exchange, stem, &to.stem(stem))?;
        move_pair(&exchange, &from.stem(stem), stem)?;
    }
    exchange.remove_if_empty(from.directory());
    for plane in rotated.planes() {
        let signer = load_authority(&zone.paths, &from.stem(plane.name()), &zone.ca_passphrase, now)?;
        sign_list_anew(zone, &exchange, *plane, &signer, now)?;
    }
    exchange.put_in_place()
}

/// Whoever has decided on a step has to find what it was decided on: the zone's lock may have been waited for.
fn refuse_unless_at(zone: &ZoneDirectory, rotated: Rotated, place: Option<Place>) -> Result<()> {
    let beside = Beside::load(&zone.paths)?;
    let found: Vec<(&'static str, Place)> = beside.all().map(|(stem, ca)| (stem, ca.place)).collect();
    let expected: Vec<(&'static str, Place)> = match place {
        None => Vec::new(),
        Some(place) => rotated.stems().into_iter().map(|stem| (stem, place)).collect(),
    };
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(Exit::TryAgain, "another command has changed the CAs meanwhile")
        .because("nothing was changed by this one")
        .next(format!("see where the rotation is: {}", zone.proposed("pki rotate-ca --status"))))
}

/// Without its certificate and its key a CA cannot take the place of another.
fn refuse_unless_whole(zone: &ZoneDirectory, stem: &str) -> Result<()> {
    for path in [zone.paths.authority_certificate(stem), zone.paths.authority_key(stem)] {
        if !path.exists() {
            return Err(Failure::new(Exit::MissingInput, format!("{} is not there", path.display()))
                .because("the CA is to sign now")
                .next("put the file back from your copy of the zone directory; nothing was changed"));
        }
    }
    Ok(())
}

/// etcd compares serial numbers alone, so one list holds what either CA revoked. It is signed by the one that signs, so that whoever
/// verifies it can.
fn sign_list_anew(
    zone: &ZoneDirectory,
    exchange: &Exchange<'_>,
    plane: Plane,
    signer: &Authority,
    now: OffsetDateTime,
) -> Result<()> {
    let path = zone.paths.revocation_list(plane.name());
    let failure = |error: &dyn std::error::Error| {
        Failure::bad_input(format!("{} cannot be signed anew", path.display()))
            .because(error.to_string())
            .next("put the file back from your copy of the zone directory")
    };
    let bytes = std::fs::read(&path).map_err(|error| Failure::read(&path, &error))?;
    let present = RevocationList::from_der(&bytes).map_err(|error| failure(&error))?;
    let number = present.number().unwrap_or_default().saturating_add(1);
    let next_update = signer.certificate().not_after();
    let list = signer
        .revocation_list(present.entries(), number, now, next_update)
        .map_err(|error| failure(&error))?;
    exchange.write(&format!("{}.crl", plane.name()), &list, 0o644)
}

fn move_pair(exchange: &Exchange<'_>, from: &str, to: &str) -> Result<()> {
    for extension in ["key", "crt"] {
        let (from, to) = (format!("{from}.{extension}"), format!("{to}.{extension}"));
        // The key of a CA may be kept elsewhere.
        if exchange.path(&from).exists() {
            exchange.rename(&from, &to)?;
        }
    }
    Ok(())
}

/// A key is locked from the start where that of its predecessor is.
fn write_next(
    zone: &ZoneDirectory,
    exchange: &Exchange<'_>,
    stem: &'static str,
    authority: &Authority,
) -> Result<()> {
    let locked: &[&'static str] = match key_state(&zone.paths, stem)? {
        KeyState::Locked => &[stem],
        KeyState::Clear | KeyState::Absent => &[],
    };
    let keys = NewKeys { passphrase: &zone.ca_passphrase, locked };
    let next = Place::Next.stem(stem);
    exchange.write(&format!("{next}.key"), keys.text(stem, authority.key())?.as_bytes(), 0o600)?;
    exchange.write(&format!("{next}.crt"), authority.certificate().pem().as_bytes(), 0o644)
}

/// The CAs that were retired from a place, with the stem of their files, the latest retirement last.
pub fn retired(zone: &ZoneDirectory) -> Vec<(&'static str, Certificate)> {
    let directory = zone.paths.retired_authorities();
    let numbers = (1_u32..).take_while(|number| directory.join(number.to_string()).is_dir());
    numbers
        .flat_map(|number| Rotated::Root.stems().into_iter().map(move |stem| (number, stem)))
        .filter_map(|(number, stem)| {
            let path = directory.join(number.to_string()).join(format!("{stem}.crt"));
            let text = zone_pki::regular_file::read(&path).ok()?;
            Some((stem, Certificate::from_pem(&text).ok()?))
        })
        .collect()
}

/// Whether the last rotation was taken back: what was retired last was made after what signs.
pub fn was_taken_back(zone: &ZoneDirectory, authorities: &Authorities) -> bool {
    let last = retired(zone).pop();
    last.is_some_and(|(stem, ca)| {
        let signer = authorities.all().into_iter().find(|(name, _)| *name == stem);
        signer.is_some_and(|(_, signer)| edition(&ca) > edition(signer))
    })
}

/// A number that no CA of the zone has in its name.
fn next_edition(zone: &ZoneDirectory) -> Result<u32> {
    let mut names = BTreeSet::new();
    collect_names(&zone.paths.authorities(), &mut names)?;
    Ok(names.iter().map(|name| edition_in(name)).max().unwrap_or(1) + 1)
}

/// Which edition of its CA a certificate is, by its name: the first has no number.
pub fn edition(ca: &Certificate) -> u32 {
    ca.common_name().map_or(1, edition_in)
}

fn edition_in(name: &str) -> u32 {
    let ends = [ROOT_NAME.to_owned(), plane_authority_name(Plane::Peer), plane_authority_name(Plane::Client)];
    let number = || {
        let rest = ends.iter().find_map(|end| name.strip_suffix(end.as_str()))?;
        rest.trim_end().rsplit(' ').next()?.strip_prefix('G')?.parse::<u32>().ok()
    };
    number().unwrap_or(1)
}

fn collect_names(directory: &std::path::Path, names: &mut BTreeSet<String>) -> Result<()> {
    let entries = std::fs::read_dir(directory).map_err(|error| Failure::read(directory, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect_names(&path, names)?;
        } else if path.extension().is_some_and(|extension| extension == "crt")
            && let Ok(text) = zone_pki::regular_file::read(&path)
            && let Ok(certificates) = Certificate::chain_from_pem(&text)
        {
            names.extend(certificates.iter().filter_map(|each| each.common_name().map(str::to_owned)));
        }
    }
    Ok(())
}

fn refuse_if_made_elsewhere(zone: &ZoneDirectory, authorities: &Authorities, rotated: Rotated) -> Result<()> {
    for plane in rotated.planes() {
        if authorities.given.matches(*plane, authorities.plane(*plane)).is_some()
            || zone.paths.authority_request(plane.name()).exists()
        {
            return Err(Failure::new(
                Exit::Configuration,
                format!("the {} CA was made elsewhere, so no other can be made here", plane.name()),
            )
            .because(format!("{} names its key", zone.paths.given_planes().display()))
            .next("rotate the CAs that were made here, with --plane; whoever made this one has to make the next"));
        }
    }
    if rotated == Rotated::Root && !authorities.root.is_self_issued() {
        return Err(Failure::new(Exit::Configuration, "the zone's root is below an authority elsewhere")
            .because(authorities.root.issuer())
            .next("rotate the CAs below it: zone-etcd pki rotate-ca --plane all"));
    }
    Ok(())
}
