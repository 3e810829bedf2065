//! `recover`, from the signing host: the best log salvaged, and the zone restored from it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::salvage::{Salvage, facts_of};
use crate::recovery_report::{LogReport, SalvageReport};
use crate::runbook::{ListedStep, Runbook, StepKind};
use crate::snapshot::TakenSnapshot;
use crate::transport::NodeTransport;
use live::LiveZone;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::SnapshotManifest;
use model::report::{self, enumerated};
use store::bundle::Sealing;
use store::site::Site;
use store::snapshot::{
    Checked, DIRECTORY, PartialSnapshot, SignedManifest, SnapshotPaths, Trust, WholeSnapshot, sweep,
};
use store::zone_directory::{DocumentSigner, create_directory};

/// For how long nothing may come of a snapshot on this machine.
const STALL_LIMIT: Duration = Duration::from_secs(60);

/// From what the zone goes on.
#[derive(Clone, Debug)]
pub enum From<'s> {
    /// The log of a node.
    Log(&'s Node, Box<LogReport>),
    /// A snapshot: no data is left, or people have carried what was salvaged.
    Snapshot(PathBuf),
}

/// One step.
#[derive(Clone, Debug)]
pub enum RecoveryStep<'s> {
    Salvage(&'s Node, Box<LogReport>),
    Adopt(PathBuf),
    Restore,
}

/// The operation.
pub struct Recovery<'s> {
    pub site: &'s Site,
    pub dead: Vec<&'s Node>,
    pub survivors: Vec<&'s Node>,
    pub from: From<'s>,
    /// All logs that could be read.
    pub logs: Vec<(&'s Node, LogReport)>,
    pub signer: DocumentSigner,
    pub trust: Trust,
    /// How long etcd may take to apply the log.
    pub limit: Duration,
    /// The snapshot that the zone goes on with, once there is one.
    pub snapshot: Option<TakenSnapshot>,
    /// What was salvaged, if it was here.
    pub salvaged: Option<SalvageReport>,
}

/// What no log tells: it is with those that are given up.
pub fn unknown(dead: &[&Node], log: &LogReport) -> String {
    let dead: Vec<&str> = dead.iter().map(|node| node.name.short()).collect();
    format!(
        "writes behind entry {} that {} alone had are lost, and how many cannot be told",
        log.position.last_index,
        enumerated(&dead)
    )
}

impl<'s> Runbook for Recovery<'s> {
    type Step = RecoveryStep<'s>;

    const DOING: &'static str = "recovering";

    fn steps(&self) -> Result<Vec<Self::Step>> {
        let first = match &self.from {
            From::Log(node, log) => RecoveryStep::Salvage(node, log.clone()),
            From::Snapshot(file) => RecoveryStep::Adopt(file.clone()),
        };
        Ok(vec![first, RecoveryStep::Restore])
    }

    fn list(&self, step: &Self::Step, live: &LiveZone) -> Result<Vec<ListedStep>> {
        Ok(vec![match step {
            RecoveryStep::Salvage(node, log) => ListedStep::new(
                StepKind::Change,
                format!(
                    "stop its member; write all {} entries of its log, {} of them not known to be committed, \
                     to a snapshot in snapshots/",
                    log.position.last_index,
                    log.beyond_commit()
                ),
            )
            .on(node, live),
            RecoveryStep::Adopt(file) => {
                ListedStep::new(StepKind::Change, format!("check and sign {}", file.shown()))
            }
            RecoveryStep::Restore => {
                ListedStep::new(StepKind::Cluster, format!("restore it: {}", self.restore("SNAPSHOT")))
            }
        }])
    }

    fn carry_out(&mut self, step: Self::Step) -> Result<ControlFlow<()>> {
        match step {
            RecoveryStep::Salvage(node, log) => self.salvage(node, &log)?,
            RecoveryStep::Adopt(file) => self.snapshot = Some(self.adopt(&file)?),
            // Of another operation: zone.toml is another for it.
            RecoveryStep::Restore => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Recovery<'_> {
    fn salvage(&mut self, node: &Node, seen: &LogReport) -> Result<()> {
        let zone = self.site.zone_directory()?;
        let name = node.name.short();
        let directory = self.directory()?;
        report::progress(&format!("salvaging the log of {name}"));
        let (report, file) = match NodeTransport::of(zone, node) {
            NodeTransport::InPlace => {
                let salvaged = self.here(Some(directory.clone())).carry_out(self.site, node)?;
                (salvaged.report, salvaged.file)
            }
            NodeTransport::Command(command) => {
                let mut partial = self.begin_snapshot(&directory)?;
                let report = command.recover_salvage(self.limit, &mut |bytes| partial.write(bytes))?;
                (report, partial.finish()?)
            }
            NodeTransport::Offline => return Err(self.by_hand(node)),
        };
        check(zone.config.name.as_str(), node, seen, &report, &file)?;
        let taken = self.place(report.manifest.clone(), file)?;
        report::message(&format!("all that the log of {name} holds is in {}", taken.paths.file.shown()));
        (self.snapshot, self.salvaged) = (Some(taken), Some(report));
        Ok(())
    }

    /// Does it for a try: nothing is stopped, and nothing left.
    ///
    /// # Errors
    /// As of a salvage.
    pub fn rehearse(&self) -> Result<SalvageReport> {
        let From::Log(node, _) = &self.from else {
            return Err(Failure::new(Exit::Usage, "a snapshot is rehearsed by its drill")
                .next(self.site.proposed("snapshot verify FILE")));
        };
        match NodeTransport::of(self.site.zone_directory()?, node) {
            NodeTransport::InPlace => {
                let salvage = Salvage { rehearse: true, ..self.here(None) };
                Ok(salvage.carry_out(self.site, node)?.report)
            }
            NodeTransport::Command(command) => command.rehearse_salvage(self.limit),
            NodeTransport::Offline => Err(self.by_hand(node)),
        }
    }

    fn here(&self, into: Option<PathBuf>) -> Salvage {
        let (limit, stall) = (self.limit, STALL_LIMIT);
        Salvage { into, stem: None, rehearse: false, etcd: None, limit, stall }
    }

    fn directory(&self) -> Result<PathBuf> {
        let directory = self.site.directory().join(DIRECTORY);
        create_directory(&directory)?;
        for left in sweep(&directory, self.site.config().name.as_str()) {
            report::message(&format!("removed {}, which an interrupted call had left", left.shown()));
        }
        Ok(directory)
    }

    /// By a name that [`sweep`] finds, should this call be killed.
    fn begin_snapshot(&self, directory: &Path) -> Result<PartialSnapshot> {
        let stem = format!("{}-recover", self.site.config().name.as_str());
        PartialSnapshot::begin(directory, &stem, &Sealing::Plain)
    }

    /// Gives it its name, and a manifest that is signed.
    fn place(&self, manifest: SnapshotManifest, file: WholeSnapshot) -> Result<TakenSnapshot> {
        let stem = SnapshotPaths::stem(&manifest.zone, manifest.revision, manifest.taken_at);
        let token = self.site.authorities_to_ask(OffsetDateTime::now_utc())?.token(self.site.config());
        let file_name = SnapshotPaths::name(&stem, manifest.seal);
        let manifest = SnapshotManifest { file: file_name, token: Some(token.to_string()), ..manifest };
        let paths = SnapshotPaths::of(&self.site.directory().join(DIRECTORY).join(&manifest.file));
        let signed = SignedManifest::new(manifest, Some(&self.signer))
            .map_err(|error| Failure::internal("cannot sign the manifest").because(&error))?;
        let text = signed.encode().map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
        file.place(&paths, &text)?;
        Ok(TakenSnapshot { paths, manifest: signed.manifest })
    }

    /// A snapshot that the zone has signed is taken as it is. One that was salvaged by hand is not signed:
    /// the operator who names it vouches for it.
    fn adopt(&self, file: &Path) -> Result<TakenSnapshot> {
        let checked =
            Checked::read(file, Some(&self.trust), None).map_err(|error| Failure::read(file, &error))?;
        let name = file.shown();
        let refused = Failure::bad_input(format!("{name} is not to be relied on"));
        if !checked.faults.is_empty() {
            let refused = checked.faults.iter().fold(refused, |refused, fault| refused.because(fault));
            return Err(refused.next(format!("use another: {}", self.site.proposed("snapshot list"))));
        }
        let Some(manifest) = checked.manifest else { return Err(refused) };
        self.refuse_gone_on(&manifest)?;
        if checked.is_signer_known {
            return Ok(TakenSnapshot { paths: checked.paths, manifest });
        }
        if manifest.recovered.is_none() || checked.signed_by.is_some() {
            return Err(refused.because("its manifest is not signed by this zone").next(
                "name one that is, or what `zone-etcd recover salvage` has written on a node of this zone",
            ));
        }
        let mut partial = self.begin_snapshot(&self.directory()?)?;
        let mut source = zone_pki::regular_file::open(file).map_err(|error| Failure::read(file, &error))?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            match std::io::Read::read(&mut source, &mut buffer) {
                Ok(0) => break,
                Ok(count) => partial.write(&buffer[..count])?,
                Err(error) => return Err(Failure::read(file, &error)),
            }
        }
        let whole = partial.finish()?;
        if whole.database != manifest.database {
            return Err(refused.because("it has changed while it was read"));
        }
        self.place(manifest, whole)
    }

    /// Refuses what was salvaged while a log can be read that has more: a quorum was back since, or the log
    /// of another survivor is the better one.
    fn refuse_gone_on(&self, manifest: &SnapshotManifest) -> Result<()> {
        let Some(recovered) = &manifest.recovered else { return Ok(()) };
        let has_more = |(_, log): &&(&Node, LogReport)| {
            log.cluster_id == manifest.cluster_id && log.rank() > (recovered.last_term, recovered.last_index)
        };
        let Some((node, log)) = self.logs.iter().find(has_more) else { return Ok(()) };
        let name = node.name.short();
        let what = format!("the log of {name} has what the snapshot has not");
        Err(Failure::new(Exit::Configuration, what)
            .because(format!(
                "it ends with entry {} of term {}, and the snapshot with {} of term {}",
                log.position.last_index, log.position.last_term, recovered.last_index, recovered.last_term
            ))
            .next(format!(
                "salvage that log: {}",
                self.site.proposed_on(&format!("recover salvage --out {name}.db"), name)
            )))
    }

    fn restore(&self, snapshot: &str) -> String {
        let without: Vec<String> =
            self.dead.iter().map(|node| format!(" --without {}", node.name.short())).collect();
        self.site.proposed(&format!("snapshot restore {snapshot}{}", without.concat()))
    }

    fn by_hand(&self, node: &Node) -> Failure {
        let name = node.name.short();
        let salvage = self.site.proposed_on(&format!("recover salvage --out {name}.db"), name);
        let dead: Vec<&str> = self.dead.iter().map(|node| node.name.short()).collect();
        let dead = dead.join(",");
        Failure::new(Exit::TryAgain, format!("files are carried to {name}: its log is salvaged there"))
            .because(format!("type there: {salvage}"))
            .because(format!("bring {name}.db and {name}.json here"))
            .next(self.site.proposed(&format!("recover --dead {dead} --method snapshot {name}.db")))
    }
}

/// What a node has sent is of it, of this zone, and all that its log was seen to hold.
fn check(
    zone: &str,
    node: &Node,
    seen: &LogReport,
    told: &SalvageReport,
    file: &WholeSnapshot,
) -> Result<()> {
    let manifest = &told.manifest;
    let name = node.name.short();
    let facts = facts_of(file, &format!("what {name} sent is no snapshot"))?;
    let wrong = [
        (told.log.node != node.name.full() || manifest.zone != zone, "it is of another node or zone"),
        (
            manifest.database != file.database || manifest.size != file.size,
            "it is not what the node has made",
        ),
        (manifest.sha256 != file.sha256, "its SHA-256 is another"),
        (manifest.revision != facts.revision, "its revision is another"),
        (told.log.rank() < seen.rank(), "its log had more when it was looked at"),
        (told.log.cluster_id != seen.cluster_id, "it is of another cluster"),
    ];
    let wrong = wrong.iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, what)| *what);
    let failure = Failure::bad_input(format!("what {name} sent is not to be relied on"));
    let failure = wrong.fold(failure, |failure, what| failure.because(what));
    match failure.causes.is_empty() {
        true => Ok(()),
        false => Err(failure.next("run the command again")),
    }
}
