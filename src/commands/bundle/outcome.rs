//! What was made, and what to do with it.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::cli::Format;
use crate::output::json;
use launch::activation::Fingerprint;
use model::config::Node;
use model::error::Result;
use model::plan::{BOOTSTRAP_LASTS, directory_there};
use model::report::{self, Table, shell_quoted, shell_quoted_path};
use store::bundle::{
    BootstrapRight, BundleDirectory, BundleRecord, JoinOnly, Made, MadeHow, Seal, proposed_activate,
};
use store::zone_directory::{DocumentSigner, SignerName, ZoneDirectory};

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
    /// Whether the zone is so young that it may never have run.
    pub(super) may_be_new: bool,
}

/// The bundle of one node. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Row {
    #[serde(skip)]
    name: String,
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
            (true, _) => "bootstrap or join",
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
            let directory = self.directory.path().to_string_lossy().into_owned();
            let zone = self.zone.config.name.as_str();
            let signer = self.signer.name;
            return json(&Report { zone, directory, signer, signer_sha256, bundles: &self.rows });
        }
        let mut text = if self.rows.len() > LISTED_AT_MOST { self.counts() } else { self.table() };
        let subject = self.signer.authority.certificate().subject();
        text.push_str(&format!("\n{} CA, {subject}, SHA-256: {signer_sha256}\n", self.signer.name));
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
                self.directory.path().join(&row.record.file).shown().to_string(),
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
            self.directory.path().shown(),
            self.rows.len() - written
        )
    }

    /// What the operator is told beside that.
    pub(super) fn tell(&self) {
        self.tell_rights();
        let Some(first) = self.rows.first() else { return };
        let Some(node) = self.zone.config.node(&first.name) else { return };
        let place = directory_there(&self.zone.config, node);
        let activate = proposed_activate(&shell_quoted(&first.record.file), first.record.seal, &place);
        let (with, carried) = match first.record.seal {
            // Only the signing host knew the passphrase: that authenticates a first bundle.
            Seal::Passphrase => (String::new(), "the passphrase"),
            _ => (format!(" --root-fingerprint {}", self.fingerprint()), "the fingerprint of the CA"),
        };
        report::message(&format!(
            "next: carry each file to its machine, and {carried} by another way; there:\n  {activate}{with}"
        ));
    }

    /// Who may bootstrap the cluster, and who may only join it, and why.
    fn tell_rights(&self) {
        let founders: Vec<&Row> = self.rows.iter().filter(|row| row.record.may_bootstrap).collect();
        if let Some(earliest) = founders.iter().map(|row| row.record.issued_at).min() {
            let list: Vec<&str> = founders.iter().map(|row| row.name.as_str()).collect();
            report::message(&format!(
                "may bootstrap the cluster until {}, or join it: {}\n  once: for a machine that is rebuilt, \
                 bundle it with --rebuilt NODE",
                (earliest + BOOTSTRAP_LASTS).date(),
                names(&list)
            ));
        }
        let mut joining: BTreeMap<JoinOnly, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(reason) = row.reason {
                joining.entry(reason).or_default().push(row);
            }
        }
        for (reason, rows) in &joining {
            let list: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
            report::message(&format!("may only join a cluster that runs: {}\n  {reason}", names(&list)));
        }
        let rows: Vec<&Row> = joining
            .into_iter()
            .filter(|(reason, _)| *reason != JoinOnly::Rebuilt)
            .flat_map(|(_, rows)| rows)
            .collect();
        if !rows.is_empty() && self.may_be_new {
            report::message(&format!(
                "  only if the zone has never run anywhere: {}",
                self.allow_bootstrap(&rows)
            ));
        }
    }

    /// The command that lets these members bootstrap the cluster all the same.
    fn allow_bootstrap(&self, rows: &[&Row]) -> String {
        let Some(first) = rows.first() else { return String::new() };
        let seal = match first.record.seal {
            Seal::Plain => "--no-encryption",
            Seal::Passphrase => "--passphrase-file FILE",
            Seal::Recipients => "--recipient KEY",
        };
        let list: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let (nodes, allowed) = (list.join(" "), list.join(" --allow-bootstrap "));
        let out = shell_quoted_path(self.directory.path());
        self.zone.proposed(&format!("bundle {nodes} --allow-bootstrap {allowed} --out {out} {seal}"))
    }
}

fn names(nodes: &[&str]) -> String {
    match nodes.len() {
        0..=NAMED_AT_MOST => nodes.join(", "),
        count => format!("{} and {} more", nodes[..NAMED_AT_MOST].join(", "), count - NAMED_AT_MOST),
    }
}
