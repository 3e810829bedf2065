//! What was made, and what to do with it.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::activation::Fingerprint;
use crate::bundle::{BootstrapRight, BundleDirectory, BundleRecord, JoinOnly, Made, MadeHow};
use crate::cli::Format;
use crate::commands::json;
use crate::config::Node;
use crate::error::Result;
use crate::report::{self, Table, shell_quoted};
use crate::zone_directory::{DocumentSigner, SignerName, ZoneDirectory};

/// More rows than this are no help to a person.
const LISTED_AT_MOST: usize = 100;
/// More names than this are no help in a sentence.
const NAMED_AT_MOST: usize = 9;

/// Everything that a call made or found.
pub(super) struct Outcome<'z> {
    pub(super) zone: &'z ZoneDirectory,
    pub(super) directory: &'z BundleDirectory,
    pub(super) signer: &'z DocumentSigner,
    pub(super) rows: Vec<Row>,
}

/// The bundle of one node. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Row {
    #[serde(skip)]
    name: String,
    /// Whether this call wrote it.
    written: bool,
    /// Why its member may only join.
    #[serde(skip_serializing_if = "Option::is_none")]
    joins_only_because: Option<String>,
    #[serde(skip)]
    reason: Option<JoinOnly>,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    #[serde(flatten)]
    record: BundleRecord,
}

#[derive(Serialize)]
struct Report<'r> {
    zone: &'r str,
    directory: String,
    signer: SignerName,
    signer_sha256: String,
    bundles: &'r [Row],
}

impl Row {
    pub(super) fn new(node: &Node, made: Made, expires_at: OffsetDateTime, right: BootstrapRight) -> Self {
        let reason = match right {
            BootstrapRight::JoinOnly(reason) if !made.record.may_bootstrap => Some(reason),
            _ => None,
        };
        Self {
            name: node.name.short().to_owned(),
            written: made.how == MadeHow::Written,
            joins_only_because: reason.map(|reason| reason.to_string()),
            reason,
            expires_at,
            record: made.record,
        }
    }

    fn start(&self) -> &'static str {
        match (self.record.may_bootstrap, &self.record.cluster_id) {
            (true, _) => "found or join",
            (false, Some(_)) => "join only",
            (false, None) => "no member",
        }
    }
}

impl Outcome<'_> {
    /// What goes to standard output.
    pub(super) fn data(&self, format: Format) -> Result<String> {
        let signer_sha256 = self.fingerprint().to_string();
        if format == Format::Json {
            let directory = self.directory.path().display().to_string();
            let zone = self.zone.config.name.as_str();
            let signer = self.signer.name;
            return json(&Report { zone, directory, signer, signer_sha256, bundles: &self.rows });
        }
        let mut text = if self.rows.len() > LISTED_AT_MOST { self.counts() } else { self.table() };
        text.push_str(&format!("\n{} CA, SHA-256: {signer_sha256}\n", self.signer.name));
        Ok(text)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.signer.authority.certificate())
    }

    fn table(&self) -> String {
        let mut table = Table::new(&["node", "file", "bundle", "seal", "member", "expires", "state"]);
        for row in &self.rows {
            table.row([
                row.name.clone(),
                self.directory.path().join(&row.record.file).display().to_string(),
                row.record.sequence.to_string(),
                row.record.seal.to_string(),
                row.start().to_owned(),
                row.expires_at.date().to_string(),
                if row.written { "written" } else { "unchanged" }.to_owned(),
            ]);
        }
        table.render()
    }

    fn counts(&self) -> String {
        let written = self.rows.iter().filter(|row| row.written).count();
        format!(
            "{} bundles in {}: {written} written, {} unchanged (--format json lists each)\n",
            self.rows.len(),
            self.directory.path().display(),
            self.rows.len() - written
        )
    }

    /// What the operator is told beside that.
    pub(super) fn tell(&self) {
        self.tell_rights();
        let Some(first) = self.rows.first() else { return };
        let file = &first.record.file;
        report::message(&format!(
            "next: carry each file to its machine, and the fingerprint of the {} CA by another way; there:\n  \
             zone-etcd activate {} --root-fingerprint {}",
            self.signer.name,
            shell_quoted(file),
            self.fingerprint()
        ));
    }

    /// Who may found the cluster, and who may only join it, and why.
    fn tell_rights(&self) {
        let founders: Vec<&str> =
            self.rows.iter().filter(|row| row.record.may_bootstrap).map(|row| row.name.as_str()).collect();
        if !founders.is_empty() {
            report::message(&format!("may found the cluster, or join it: {}", names(&founders)));
        }
        let mut joining: BTreeMap<JoinOnly, Vec<&str>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(reason) = row.reason {
                joining.entry(reason).or_default().push(&row.name);
            }
        }
        for (reason, nodes) in &joining {
            report::message(&format!("may only join a cluster that runs: {}\n  {reason}", names(nodes)));
        }
        let Some(first) = joining.values().flatten().next() else { return };
        let command = self.zone.proposed(&format!(
            "bundle {first} --allow-bootstrap {first} --out {}",
            shell_quoted(&self.directory.path().display().to_string())
        ));
        report::message(&format!("  only if the zone has never run anywhere: {command} …"));
    }
}

fn names(nodes: &[&str]) -> String {
    match nodes.len() {
        0..=NAMED_AT_MOST => nodes.join(", "),
        count => format!("{} and {} more", nodes[..NAMED_AT_MOST].join(", "), count - NAMED_AT_MOST),
    }
}
