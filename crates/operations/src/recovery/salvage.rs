//! All that the log of a node holds, in a snapshot: `recover salvage`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::whole_seconds;

use super::answering::refuse_answering;
use super::copy::WorkDirectory;
use super::log_report::log_failure;
use super::private_etcd::PrivateEtcd;
use crate::observer::{Observer, run};
use crate::recovery_report::{LogReport, SalvageReport};
use crate::restart::Stopped;
use crate::snapshot::hash_at;
use etcd::client::{CallError, StatusResponse};
use etcd::{BinaryRequest, EtcdBinary, EtcdVersion, SnapshotFacts, binary_failure, read_snapshot};
use live::LARGEST_HASHED;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::{RecoveredLog, Seal, SnapshotHash, SnapshotManifest, SnapshotSource};
use store::bundle::Sealing;
use store::site::Site;
use store::snapshot::{PartialSnapshot, SignedManifest, SnapshotPaths, WholeSnapshot};

/// What a member may take to hash its data, or to count its keys. Without an answer the manifest has none.
const HASH_LIMIT: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Salvage {
    /// Where the snapshot goes. By default the directory of the copy, which is removed with what is returned.
    pub into: Option<PathBuf>,
    /// Its name, if it is not to be made of zone, revision and time.
    pub stem: Option<String>,
    /// Stop nothing: a member that runs goes on.
    pub rehearse: bool,
    /// Another etcd than the one that ran on the data last.
    pub etcd: Option<PathBuf>,
    /// How long that may take until it has applied its log.
    pub limit: Duration,
    /// For how long nothing may come of the snapshot.
    pub stall: Duration,
}

/// A snapshot that is whole, without its name, while the member is kept stopped.
#[derive(Debug)]
pub struct Salvaged {
    pub report: SalvageReport,
    pub file: WholeSnapshot,
    // In this order: the copy goes first.
    _work: WorkDirectory,
    _stopped: Option<Stopped>,
}

/// What the etcd on the copy has told of its data.
struct Told {
    status: StatusResponse,
    revision: i64,
    hash: Option<SnapshotHash>,
    keys: Option<i64>,
}

impl Salvage {
    /// Copies the data of a node, declares all entries of the copy's log committed, has an etcd apply them,
    /// and takes a snapshot of that. The data itself is only read.
    ///
    /// # Errors
    /// A quorum answers (exit 78), there is no log (66) or it is damaged (65), the member does not stop (75),
    /// there is no room (73), or etcd does not run on the copy (69). What was stopped is started again by its
    /// supervisor.
    #[tracing::instrument(skip_all, name = "salvage", fields(node = node.name.short()))]
    pub fn carry_out(&self, site: &Site, node: &Node) -> Result<Salvaged> {
        let binary = self.binary(site, node)?;
        // Before anything is stopped for it.
        LogReport::read(site, node)?;
        if !self.rehearse {
            refuse_answering(&Observer::new(site), &[], Duration::ZERO, false)?;
        }
        let stopped = match self.rehearse {
            true => Stopped::hold_if_it_is(site, node),
            false => Some(Stopped::hold(site, node)?),
        };
        let begun = Instant::now();
        let data = site.node_paths(&node.name).data();
        let work = WorkDirectory::begin(&data)?;
        let log = LogReport::read(site, node)?;
        let copy = work.copy(&data, stopped.is_none())?;
        let copied = copy.path().to_owned();
        // What was copied, if a member that runs has gone on since.
        let position = copy.log().position;
        let log = LogReport { position, is_torn: copy.log().is_torn, ..log };
        let raised = copy.commit_all().map_err(|error| log_failure(&error))?;
        let (etcd, status) =
            PrivateEtcd::start(&binary.path, &copied, work.path(), raised.last_index, self.limit)?;

        let told = ask(&etcd, status)?;
        let at = whole_seconds(OffsetDateTime::now_utc());
        let zone = site.config().name.as_str();
        let stem = self.stem.clone().unwrap_or_else(|| SnapshotPaths::stem(zone, told.revision, at));
        let directory = self.into.as_deref().unwrap_or(work.path());
        let mut partial = PartialSnapshot::begin(directory, &stem, &Sealing::Plain)?;
        let storage_version = self.fetch(&etcd, &mut partial)?;
        drop(etcd);
        let file = partial.finish()?;
        let manifest = describe(site, &log, &told, &file, (&stem, at, storage_version))?;
        let report = SalvageReport {
            entries_salvaged: log.beyond_commit(),
            was_running: stopped.as_ref().map_or(log.is_running, |stopped| stopped.was_running),
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            errors: told.status.errors,
            manifest,
            log,
        };
        Ok(Salvaged { report, file, _work: work, _stopped: stopped })
    }

    /// The very version that ran last, if it is there; else the bundled one of its line.
    fn binary(&self, site: &Site, node: &Node) -> Result<EtcdBinary> {
        let settings = site.etcd_settings(node)?;
        let paths = site.node_paths(&node.name);
        let ran = host::MemberState::load(&paths.state()).ok().flatten();
        let ran = ran.and_then(|state| state.etcd_version.parse::<EtcdVersion>().ok());
        let of_line = ran.and_then(|ran| ran.line().ok()).and_then(model::config::MinorVersion::release);
        let mut wanted: Vec<EtcdVersion> = ran.into_iter().chain(of_line).collect();
        if wanted.is_empty() {
            wanted.push(settings.version.unwrap_or(EtcdVersion::DEFAULT));
        }
        let mut failure = None;
        for version in wanted {
            let request = BinaryRequest {
                given: self.etcd.clone(),
                version: Some(version),
                node_directory: site.programs_of_node(),
                ..BinaryRequest::default()
            };
            match EtcdBinary::find(&request, None) {
                Ok((binary, _)) => return Ok(binary),
                Err(error) => failure = Some(binary_failure(error)),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::internal("no version of etcd to look for")))
    }

    fn fetch(&self, etcd: &PrivateEtcd, partial: &mut PartialSnapshot) -> Result<Option<String>> {
        run(async {
            let client = etcd.credentials.connect(&etcd.url, self.stall).map_err(Failure::internal)?;
            let mut version = None;
            let mut stream = client.snapshot().await.map_err(|error| no_snapshot(&error))?;
            while let Some(part) = stream.next(self.stall).await.map_err(|error| no_snapshot(&error))? {
                partial.write(&part.bytes)?;
                version = Some(part.storage_version).filter(|version| !version.is_empty()).or(version);
            }
            Ok(version)
        })?
    }
}

fn ask(etcd: &PrivateEtcd, status: StatusResponse) -> Result<Told> {
    run(async {
        let client = etcd.credentials.connect(&etcd.url, HASH_LIMIT).map_err(Failure::internal)?;
        let revision = client.quorum_read().await.map_err(|error| no_snapshot(&error))?;
        let hash = match u64::try_from(status.db_size_in_use).is_ok_and(|size| size <= LARGEST_HASHED) {
            true => hash_at(&client, revision).await,
            false => None,
        };
        let keys = client.count_keys(revision).await.ok();
        Ok(Told { status, revision, hash, keys })
    })?
}

fn describe(
    site: &Site,
    log: &LogReport,
    told: &Told,
    file: &WholeSnapshot,
    (stem, at, storage_version): (&str, OffsetDateTime, Option<String>),
) -> Result<SnapshotManifest> {
    let facts = facts_of(file, "the snapshot of the copy cannot be read")?;
    if facts.revision < told.revision {
        return Err(Failure::internal("the snapshot is older than what it was taken of"));
    }
    // A lease may have run out in between, which makes a revision.
    let is_same = facts.revision == told.revision;
    let position = log.position;
    Ok(SnapshotManifest {
        format: SnapshotManifest::FORMAT,
        zone: site.config().name.as_str().to_owned(),
        cluster_id: log.cluster_id.clone(),
        token: None,
        taken_at: at,
        from: SnapshotSource {
            name: log.node.clone(),
            id: log.member_id.clone(),
            version: told.status.version.clone(),
        },
        without_quorum: true,
        revision: facts.revision,
        compact_revision: Some(facts.compact_revision),
        keys: told.keys.filter(|_| is_same),
        hash_kv: told.hash.filter(|_| is_same),
        raft_index: position.last_index,
        raft_term: position.last_term,
        storage_version,
        file: SnapshotPaths::name(stem, Seal::Plain),
        size: file.size,
        sha256: file.sha256.clone(),
        database: file.database.clone(),
        seal: Seal::Plain,
        sealed_to: Vec::new(),
        members: log.members.clone(),
        recovered: Some(RecoveredLog {
            last_term: position.last_term,
            last_index: position.last_index,
            commit: position.commit,
        }),
    })
}

/// What a snapshot on the disk says of its revisions. `what` is what is wrong where it cannot be read.
pub(super) fn facts_of(file: &WholeSnapshot, what: &str) -> Result<SnapshotFacts> {
    let path = file.path().ok_or_else(|| Failure::internal("a snapshot that is no file"))?;
    read_snapshot(path).map_err(|error| Failure::bad_input(what).because(&error))
}

fn no_snapshot(error: &CallError) -> Failure {
    Failure::new(Exit::Unavailable, "the etcd on the copy does not send its data")
        .because(error)
        .next("run the command again")
}

impl Salvaged {
    /// Gives the snapshot its name in `directory`, where it was written to, with a manifest that is not
    /// signed.
    ///
    /// # Errors
    /// Something has one of the names, or the directory cannot be written to.
    pub fn place(self, directory: &Path) -> Result<(SalvageReport, PathBuf)> {
        let paths = SnapshotPaths::of(&directory.join(&self.report.manifest.file));
        let signed = SignedManifest::new(self.report.manifest.clone(), None)
            .map_err(|error| Failure::internal("cannot make the manifest").because(&error))?;
        let text = signed.encode().map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
        self.file.place(&paths, &text)?;
        Ok((self.report, paths.file))
    }
}
