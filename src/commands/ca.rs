//! `ca`: the keys of the CAs at rest.

use std::path::Path;

use serde::Serialize;
use zone_pki::ShowPath;

use crate::arguments::open_zone;
use crate::cli::{CaCommand, CaKey, CaLockArgs, CaStatusArgs, CaUnlockArgs, Format};
use crate::output::{json, print};
use host::passphrase::{PassphrasePurpose, PassphraseSource};
use model::error::{Exit, Failure, Result};
use model::plan::ZonePaths;
use model::report::{self, Table};
use store::zone_directory::{CA_KEYS, KeyState, change_passphrase, key_state, lock_keys, unlock_keys};

/// By which names a new passphrase is given.
const NEW_PASSPHRASE: PassphrasePurpose = PassphrasePurpose {
    what: "the CA keys",
    file_option: "--new-passphrase-file",
    descriptor_option: "--new-passphrase-fd",
    credential: "zone-etcd.new-ca-passphrase",
};

#[tracing::instrument(skip_all, name = "ca")]
pub(super) fn run(command: &CaCommand) -> Result<()> {
    match command {
        CaCommand::Status(arguments) => status(arguments),
        CaCommand::Lock(arguments) => lock(arguments),
        CaCommand::Unlock(arguments) => unlock(arguments),
    }
}

/// The key of a CA, for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row {
    key: &'static str,
    state: String,
    file: String,
}

fn status(arguments: &CaStatusArgs) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.warn_of_clock();
    zone.warn_of_abandoned();
    let rows = CA_KEYS.into_iter().map(|stem| {
        let state = key_state(&zone.paths, stem)?.to_string();
        Ok(Row { key: stem, state, file: zone.paths.authority_key(stem).to_string_lossy().into_owned() })
    });
    let mut rows = rows.collect::<Result<Vec<_>>>()?;
    // Outside of a rotation there is nothing beside the CAs that sign.
    rows.retain(|row| !row.key.contains('/') || Path::new(&row.file).exists());
    print(&match arguments.format {
        Format::Json => json(&rows)?,
        Format::Text => {
            let mut table = Table::new(&["key", "state", "file"]);
            rows.into_iter().for_each(|row| table.row([row.key.to_owned(), row.state, row.file]));
            table.render()
        }
    })
}

fn lock(arguments: &CaLockArgs) -> Result<()> {
    let (file, descriptor) = (arguments.new_passphrase_file.as_deref(), arguments.new_passphrase_fd);
    let zone = open_zone(&arguments.zone)?;
    let new = PassphraseSource::new(NEW_PASSPHRASE, file, descriptor)?;
    let held = zone.lock_at_any_time()?;
    let chosen = chosen(&zone.paths, &arguments.keys)?;
    let is_clear = |stem: &&str| key_state(&zone.paths, stem).map(|state| state == KeyState::Clear);
    let nothing_clear = !chosen.iter().map(is_clear).collect::<Result<Vec<_>>>()?.contains(&true);
    // A person who locks what is locked wants another passphrase; a program says so.
    if !new.asks() || (nothing_clear && zone.ca_passphrase.asks()) {
        let changed = change_passphrase(&zone.paths, &chosen, &zone.ca_passphrase, &new, &held)?;
        tell("gave the new passphrase to", &changed);
        return Ok(());
    }
    if nothing_clear {
        report::message("locked already; for another passphrase: --new-passphrase-file FILE");
        return Ok(());
    }
    tell("locked", &lock_keys(&zone.paths, &chosen, &zone.ca_passphrase, &held)?);
    report::message("without the passphrase they cannot be opened again, and it cannot be reset");
    Ok(())
}

fn unlock(arguments: &CaUnlockArgs) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    let held = zone.lock_at_any_time()?;
    let chosen = chosen(&zone.paths, &arguments.keys)?;
    let unlocked = unlock_keys(&zone.paths, &chosen, &zone.ca_passphrase, &held)?;
    if unlocked.is_empty() {
        report::message("no key is locked");
    }
    tell("unlocked", &unlocked);
    Ok(())
}

/// The keys that were named, all of which have to be here, or all that are.
fn chosen(paths: &ZonePaths, named: &[CaKey]) -> Result<Vec<&'static str>> {
    let mut here = Vec::new();
    for stem in CA_KEYS {
        if key_state(paths, stem)? != KeyState::Absent {
            here.push(stem);
        }
    }
    let named: Vec<&'static str> = named.iter().map(|key| key.stem()).collect();
    if let Some(absent) = named.iter().find(|stem| !here.contains(stem)) {
        let path = paths.authority_key(absent);
        return Err(Failure::new(Exit::MissingInput, format!("{} is not here", path.shown()))
            .next("put the file back, or name the keys that are here: --key KEY"));
    }
    if here.is_empty() {
        return Err(Failure::new(Exit::MissingInput, format!("{} has no key", paths.authorities().shown()))
            .next("run the command where the keys of the CAs are kept"));
    }
    Ok(if named.is_empty() { here } else { named })
}

fn tell(what: &str, stems: &[&str]) {
    match stems {
        [] => {}
        [one] => report::message(&format!("{what} the key {one}")),
        several => report::message(&format!("{what} the keys {}", several.join(", "))),
    }
}
