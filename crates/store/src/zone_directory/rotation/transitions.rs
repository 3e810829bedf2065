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

use time::OffsetDateTime;
use zone_pki::{Authority, ShowPath};

use crate::zone_directory::authorities::authority_files::load_authority;
use crate::zone_directory::authorities::certificates::{Authorities, ROOT};
use crate::zone_directory::authorities::create_authorities::{issue_plane_authority, make_root};
use crate::zone_directory::authorities::transition_cas::{Place, TransitionCas};
use crate::zone_directory::revocation::signed_list::SignedList;
use crate::zone_directory::rotation::editions::{next_edition, retirements};
use crate::zone_directory::rotation::exchange::Exchange;
use crate::zone_directory::rotation::scope::RotationScope;
use crate::zone_directory::{HeldAuthorities, KeyState, NewKeys, ZoneDirectory, ZoneLock, key_state};
use model::error::{Exit, Failure, Result};

/// Makes the CAs that are to sign next, and has them trusted.
#[tracing::instrument(skip_all, name = "make next CAs")]
pub fn prepare_next(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    rotated: RotationScope,
    now: OffsetDateTime,
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
    let exchange = Exchange::begin(&zone.paths, authorities.lock())?;
    let (root, above) = match rotated {
        RotationScope::Root => {
            let root = make_root(&zone.config, edition, now)?;
            write_next(zone, &exchange, ROOT, &root)?;
            // The token follows from the root's key, and the ids of the members from the token.
            if zone.config.etcd.token.is_none() && authorities.pinned_token.is_none() {
                let token = authorities.token(&zone.config);
                exchange.write("token", format!("{}\n", token.as_str()).as_bytes(), 0o644)?;
            }
            (root, Vec::new())
        }
        RotationScope::Plane(_) | RotationScope::Planes => {
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
#[tracing::instrument(skip_all, name = "switch CAs")]
pub fn switch(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    rotated: RotationScope,
    now: OffsetDateTime,
) -> Result<()> {
    exchange_signers(zone, authorities, rotated, (Place::Next, Place::Previous), now)
}

/// Has the CAs sign again that did before.
pub fn switch_back(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    rotated: RotationScope,
    now: OffsetDateTime,
) -> Result<()> {
    exchange_signers(zone, authorities, rotated, (Place::Previous, Place::Next), now)
}

/// Ends the trust in the CAs that stand in a place and do not sign.
#[tracing::instrument(skip_all, name = "retire CAs")]
pub fn retire(zone: &ZoneDirectory, rotated: RotationScope, from: Place, held: &ZoneLock) -> Result<()> {
    refuse_unless_at(zone, rotated, Some(from))?;
    let exchange = Exchange::begin(&zone.paths, held)?;
    let number = retirements(&exchange.path("retired")).last().map_or(1, |last| last + 1);
    for stem in rotated.stems() {
        move_pair(&exchange, &from.stem(stem), &format!("retired/{number}/{stem}"))?;
    }
    exchange.remove_if_empty(from.directory());
    exchange.put_in_place()
}

fn exchange_signers(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    rotated: RotationScope,
    (from, to): (Place, Place),
    now: OffsetDateTime,
) -> Result<()> {
    refuse_unless_at(zone, rotated, Some(from))?;
    let exchange = Exchange::begin(&zone.paths, authorities.lock())?;
    for stem in rotated.stems() {
        refuse_unless_whole(zone, &from.stem(stem))?;
        move_pair(&exchange, stem, &to.stem(stem))?;
        move_pair(&exchange, &from.stem(stem), stem)?;
    }
    exchange.remove_if_empty(from.directory());
    for plane in rotated.planes() {
        // etcd compares serial numbers alone, so one list holds what either CA revoked. It is signed by the
        // one that signs, so that it can be verified.
        let signer = load_authority(&zone.paths, &from.stem(plane.name()), &zone.ca_passphrase, now)?;
        let present = authorities.revocations(*plane);
        SignedList::following(zone, &signer, *plane, present, &[], now)?.write_to(&exchange)?;
    }
    exchange.put_in_place()
}

/// The state that a step was decided on has to be there still: the zone's lock may have been waited for.
fn refuse_unless_at(zone: &ZoneDirectory, rotated: RotationScope, place: Option<Place>) -> Result<()> {
    let beside = TransitionCas::load(&zone.paths)?;
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
            return Err(Failure::new(Exit::MissingInput, format!("{} is not there", path.shown()))
                .because("the CA is to sign now")
                .next("put the file back from your copy of the zone directory; nothing was changed"));
        }
    }
    Ok(())
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

fn refuse_if_made_elsewhere(
    zone: &ZoneDirectory,
    authorities: &Authorities,
    rotated: RotationScope,
) -> Result<()> {
    for plane in rotated.planes() {
        if authorities.given.matches(*plane, authorities.plane(*plane)).is_some()
            || zone.paths.authority_request(plane.name()).exists()
        {
            return Err(Failure::new(
                Exit::Configuration,
                format!("the {} CA was made elsewhere, so no other can be made here", plane.name()),
            )
            .because(format!("{} names its key", zone.paths.given_planes().shown()))
            .next(
                "rotate the CAs that were made here, with --plane; the maker of this one has to make the \
                 next",
            ));
        }
    }
    if rotated == RotationScope::Root && !authorities.root.is_self_issued() {
        return Err(Failure::new(Exit::Configuration, "the zone's root is below an authority elsewhere")
            .because(authorities.root.issuer())
            .next("rotate the CAs below it: zone-etcd pki rotate-ca --plane all"));
    }
    Ok(())
}
