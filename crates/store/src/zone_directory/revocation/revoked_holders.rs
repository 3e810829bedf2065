//! Who was revoked, as the log of what was issued tells it: whatever has become of the files since, and
//! whichever CA signs now.

use std::collections::{BTreeMap, BTreeSet};

use memchr::memmem;
use time::OffsetDateTime;
use zone_pki::{IssuanceLog, LogEntry, instant};

use crate::zone_directory::authorities::certificates::Authorities;
use crate::zone_directory::failures::issuance_log_failure;
use model::config::{Node, ZoneConfig};
use model::error::Result;
use model::plan::{NODE_CLIENT, ZonePaths, roles_of};

/// A certificate for which its holder is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    pub role: String,
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// When it was revoked, if that is recorded.
    pub at: Option<OffsetDateTime>,
}

impl std::fmt::Display for RevokedCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "its {} certificate with the serial number {} was revoked", self.role, self.serial)?;
        self.at.map_or(Ok(()), |at| write!(f, " at {}", instant(at)))
    }
}

/// Who was revoked, and which certificates.
#[derive(Clone, Debug, Default)]
pub struct RevokedHolders {
    /// The holders that were revoked and not reinstated, by their names in the log.
    holders: BTreeMap<String, Vec<RevokedCertificate>>,
    /// The serial numbers of all certificates that were revoked: no certificate is reinstated.
    serials: BTreeSet<String>,
}

impl RevokedHolders {
    /// Reads the log, on the way of every start in a zone directory: most of its lines are only looked at.
    pub(in crate::zone_directory) fn load(paths: &ZonePaths) -> Result<Self> {
        let failure = |error: &zone_pki::LogError| issuance_log_failure(paths, error);
        let log = IssuanceLog::open(paths.issuance_log()).map_err(|error| failure(&error))?;
        let (mut names, mut serials) = (BTreeSet::new(), BTreeSet::new());
        let is_mark = memmem::Finder::new("\"revoked\"");
        log.for_each_of(
            |line| is_mark.find(line).is_some(),
            |entry| {
                if entry.revoked.is_some() {
                    serials.insert(entry.serial);
                }
                names.insert(entry.node);
            },
        )
        .map_err(|error| failure(&error))?;
        if names.is_empty() {
            return Ok(Self::default());
        }
        let mut histories: BTreeMap<String, History> = BTreeMap::new();
        let is_node = memmem::Finder::new("\"node\":\"");
        let may_be_of_them = |line: &[u8]| {
            let start = is_node.find(line).map(|start| &line[start + is_node.needle().len()..]);
            let name = start.and_then(|start| start.split(|byte| *byte == b'"').next());
            // Names have nothing that JSON escapes. A line of another form is parsed.
            name.and_then(|name| std::str::from_utf8(name).ok()).is_none_or(|name| names.contains(name))
        };
        log.for_each_of(may_be_of_them, |entry| {
            if names.contains(&entry.node) {
                histories.entry(entry.node.clone()).or_default().add(entry);
            }
        })
        .map_err(|error| failure(&error))?;
        let revoked = histories.into_iter().map(|(name, history)| (name, history.revoked()));
        let holders = revoked.filter(|(_, revoked)| !revoked.is_empty()).collect();
        Ok(Self { holders, serials })
    }

    /// For which certificates a holder is revoked; empty if it is not.
    pub(in crate::zone_directory) fn of(&self, holder: &str) -> &[RevokedCertificate] {
        self.holders.get(holder).map_or(&[], Vec::as_slice)
    }

    /// Whether a certificate was revoked, by its serial number in lower-case hexadecimal: also before it is
    /// on its list.
    pub(in crate::zone_directory) fn has_serial(&self, serial: &str) -> bool {
        self.serials.contains(serial)
    }
}

impl Authorities {
    /// The members of a zone that serve: all but those that were revoked as a whole, which have left the
    /// cluster. One of which a single certificate was revoked serves on.
    pub fn serving_members<'z>(&self, zone: &'z ZoneConfig) -> Vec<&'z Node> {
        let has_left = |node: &Node| {
            let revoked = self.revoked_holders.of(node.name.full());
            roles_of(node).all(|role| revoked.iter().any(|certificate| certificate.role == role.name))
        };
        zone.members().filter(|node| !has_left(node)).collect()
    }

    /// Whether the certificate with which a node asks members as a client was revoked, and it was not
    /// reinstated.
    pub fn has_revoked_client_of(&self, node: &Node) -> bool {
        let revoked = self.revoked_holders.of(node.name.full());
        revoked.iter().any(|certificate| certificate.role == NODE_CLIENT.name)
    }

    /// Whether the node of this short name has a member that serves.
    pub fn serves(&self, zone: &ZoneConfig, node: &str) -> bool {
        self.serving_members(zone).iter().any(|serving| serving.name.short() == node)
    }
}

/// What is recorded of one holder.
#[derive(Default)]
struct History {
    /// The newest certificate of each role, and when it was issued. One that was replaced before it was
    /// revoked says nothing of its holder.
    newest: BTreeMap<String, (OffsetDateTime, RevokedCertificate)>,
    /// The marks that no reinstatement follows, by serial number.
    marks: BTreeMap<String, OffsetDateTime>,
    seen: BTreeSet<String>,
}

impl History {
    /// To be called in the order of the log.
    fn add(&mut self, entry: LogEntry) {
        match entry.revoked {
            // A mark repeats what was recorded of the certificate, that it was issued to a reinstated holder
            // as well.
            Some(mark) => {
                self.marks.insert(entry.serial.clone(), mark.at);
            }
            None if entry.reinstated => self.marks.clear(),
            None => {}
        }
        if !self.seen.insert(entry.serial.clone()) {
            return;
        }
        // One that was not recorded when it was issued comes out of order.
        let is_late = entry.revoked.is_some()
            && self.newest.get(&entry.role).is_some_and(|(issued_at, _)| *issued_at > entry.issued_at);
        if !is_late {
            let certificate = RevokedCertificate { role: entry.role.clone(), serial: entry.serial, at: None };
            self.newest.insert(entry.role, (entry.issued_at, certificate));
        }
    }

    fn revoked(self) -> Vec<RevokedCertificate> {
        let Self { newest, marks, .. } = self;
        newest
            .into_values()
            .filter_map(|(_, certificate)| {
                let at = *marks.get(&certificate.serial)?;
                Some(RevokedCertificate { at: Some(at), ..certificate })
            })
            .collect()
    }
}
