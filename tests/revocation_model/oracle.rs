//! What has to hold, by what was done and not by what the program recorded of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use time::OffsetDateTime;

use crate::action::{MEMBERS, OWN_KEYS};
use crate::files::{self, Issued, List, PLANES};

/// The name of a node in the log.
pub fn full_name(node: &str) -> String {
    format!("{node}.zone.test")
}

/// What is known of one zone directory. It is copied and put back with the directory.
#[derive(Clone, Debug, Default)]
pub struct OfZone {
    /// Holders that are revoked, by their names in the log, with the roles of their newest certificates that
    /// were.
    revoked: BTreeMap<String, BTreeSet<String>>,
    /// What has to be on the list of a plane, and until when.
    listed: BTreeMap<(&'static str, String), OffsetDateTime>,
    lists: BTreeMap<&'static str, List>,
    log_lines: usize,
    has_adopted: bool,
}

/// What is known of one node directory.
#[derive(Clone, Debug, Default)]
pub struct OfNode {
    lists: BTreeMap<&'static str, List>,
    bundles: BTreeMap<u64, Vec<u8>>,
}

/// What a holder has: those of its certificates that the zone has issued and that are no mark.
pub fn certificates_of<'i>(issued: &'i [Issued], holder: &'i str) -> impl Iterator<Item = &'i Issued> {
    issued.iter().filter(move |entry| entry.holder == holder && !entry.is_mark)
}

impl OfZone {
    /// These certificates of a holder were revoked, the newest of each role among them.
    pub fn revoke<'i>(&mut self, holder: &str, entries: impl Iterator<Item = &'i Issued>) {
        for entry in entries {
            self.revoked.entry(holder.to_owned()).or_default().insert(entry.role.clone());
            if let Some(plane) = entry.plane() {
                self.listed.insert((plane, entry.serial.clone()), entry.not_after);
            }
        }
    }

    /// Looks at the zone directory after a command. `reinstated` is the holder that it was to let in again.
    pub fn check(
        &mut self,
        zone: &Path,
        reinstated: Option<&str>,
        may_issue: &[String],
        now: OffsetDateTime,
    ) -> Result<(), String> {
        let issued = files::issued(zone);
        for entry in issued.iter().skip(self.log_lines).filter(|entry| !entry.is_mark) {
            if reinstated == Some(entry.holder.as_str()) {
                self.revoked.remove(&entry.holder);
            }
            if self.revoked.contains_key(&entry.holder) && !may_issue.contains(&entry.holder) {
                return Err(format!("{} was revoked, and got a {} certificate", entry.holder, entry.role));
            }
        }
        for holder in may_issue {
            self.revoked.remove(holder);
        }
        self.log_lines = issued.len();
        for plane in PLANES {
            let Some(list) = List::read(&zone.join(format!("ca/{plane}.crl"))) else { continue };
            if let Some(why) = self.lists.get(plane).and_then(|before| list.goes_back_from(before)) {
                return Err(format!("the {plane} list of the zone: {why}"));
            }
            let is_wanted =
                |((of, _), until): &(&(&str, String), &OffsetDateTime)| *of == plane && **until > now;
            if let Some(((_, lost), _)) =
                self.listed.iter().filter(is_wanted).find(|((_, serial), _)| !list.serials.contains(serial))
            {
                return Err(format!("{lost} was revoked, and is not on the {plane} list of the zone"));
            }
            self.lists.insert(plane, list);
        }
        Ok(())
    }

    /// After a revocation: every member has the list whose files are here, but those that have left.
    pub fn check_handed_out(&self, zone: &Path) -> Result<(), String> {
        for node in MEMBERS.iter().filter(|node| !self.has_left(node)) {
            let generation = zone.join(format!("nodes/{node}/pki/current"));
            if !generation.exists() {
                continue;
            }
            for plane in PLANES {
                let read = |path: &Path| fs::read(path).ok();
                if read(&generation.join(format!("{plane}.crl")))
                    != read(&zone.join(format!("ca/{plane}.crl")))
                {
                    return Err(format!("{node} does not have the new {plane} list"));
                }
            }
        }
        Ok(())
    }

    fn has_left(&self, node: &str) -> bool {
        let roles = self.revoked.get(&full_name(node));
        roles.is_some_and(|roles| {
            ["peer", "server", "gateway", "node-client"].iter().all(|role| roles.contains(*role))
        })
    }

    /// What a list of a node was taken over for is not recorded here, and goes with the list.
    pub fn adopt(&mut self) {
        self.has_adopted = true;
    }

    /// A list was lost on purpose.
    pub fn lose_list(&mut self, plane: &'static str) {
        if self.has_adopted {
            self.lists.remove(plane);
        }
    }
}

impl OfNode {
    /// Looks at a node directory after a command.
    pub fn check(&mut self, name: &str, node: &Path, accept_older: bool) -> Result<(), String> {
        if name != OWN_KEYS {
            for plane in PLANES {
                let Some(list) = List::read(&node.join(format!("pki/current/{plane}.crl"))) else { continue };
                let before = self.lists.get(plane).filter(|_| !accept_older);
                if let Some(why) = before.and_then(|before| list.goes_back_from(before)) {
                    return Err(format!("the {plane} list of {name}: {why}"));
                }
                self.lists.insert(plane, list);
            }
        }
        let Some((number, manifest)) = files::active(node) else { return Ok(()) };
        match self.bundles.insert(number, manifest.clone()) {
            Some(other) if other != manifest => {
                Err(format!("two bundles of {name} have the number {number}"))
            }
            _ => Ok(()),
        }
    }
}
