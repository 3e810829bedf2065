//! A snapshot, restored for a try: etcd's own tool restores it, an etcd of the same line is started on it,
//! and what that answers is compared with the manifest.
//!
//! The member is on 127.0.0.1 with certificates that were made for it alone, and its cluster has a token that
//! no other has. Nothing of it is left, however it ends.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::whole_seconds;

use super::programs::Programs;
use super::supervision::Supervision;
use crate::development::{DevelopmentOptions, prepare};
use etcd::client::CallError;
use etcd::{BinaryRequest, DataFromSnapshot, EtcdBinary, EtcdVersion, binary_failure};
use live::on_runtime;
use model::error::{Exit, Failure, Result};
use model::formats::{DrillRecord, Seal, SnapshotManifest};
use model::plan::InitialCluster;
use operations::observer::Observer;
use store::bundle::Identity;
use store::site::Site;
use store::snapshot::unseal;
use store::zone_directory::{Authorities, CaPassphrase, ZoneDirectory};

/// For how long a member that takes requests may take to answer one, such as for the hash of all of its data.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// What is restored.
#[derive(Debug)]
pub struct Drill<'d> {
    pub file: &'d Path,
    /// What opens it, if it is sealed.
    pub identity: Option<Identity>,
    pub manifest: &'d SnapshotManifest,
    pub programs: Programs,
}

/// What the restored member answers.
struct Answers {
    revision: i64,
    keys: Option<i64>,
    /// The hash, with the revision of the last compaction.
    hash: Option<(u32, i64)>,
}

impl Drill<'_> {
    /// Restores it, and compares. That it does not come up to its manifest is no error, but in the record.
    ///
    /// # Errors
    /// It cannot be tried here: there is no such etcd, or no room.
    #[tracing::instrument(skip_all, name = "drill")]
    pub fn hold(mut self) -> Result<DrillRecord> {
        let (begun, at) = (Instant::now(), whole_seconds(OffsetDateTime::now_utc()));
        let version = self.version()?;
        let mut record = DrillRecord {
            format: DrillRecord::FORMAT,
            sha256: self.manifest.sha256.clone(),
            at,
            took_ms: 0,
            etcd: version.to_string(),
            passed: false,
            faults: Vec::new(),
            revision: None,
            keys: None,
            hash_compared: false,
        };
        let identity = self.identity.take();
        match self.restore_and_ask(version, identity) {
            Ok(answers) => self.compare(&answers, &mut record),
            // The tool, or the member, says that it is not to be used.
            Err(failure) if matches!(failure.exit, Exit::BadInput | Exit::Unavailable) => {
                record.faults.push(failure.to_string());
            }
            Err(failure) => return Err(failure),
        }
        record.passed = record.faults.is_empty();
        record.took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(record)
    }

    /// The very version that it is from, if it is bundled; else the bundled one of its line.
    fn version(&self) -> Result<EtcdVersion> {
        let of = |version| BinaryRequest {
            given: self.programs.etcd.clone(),
            version: Some(version),
            ..BinaryRequest::default()
        };
        let same = self.manifest.from.version.parse::<EtcdVersion>();
        let both = same.and_then(|same| Ok([Some(same), same.line()?.release()])).map_err(|error| {
            Failure::bad_input("the snapshot is from an etcd that is not known here").because(&error)
        })?;
        let mut failure = None;
        for version in both.into_iter().flatten() {
            match EtcdBinary::find(&of(version), None) {
                Ok((binary, _)) => return Ok(binary.version),
                Err(error) => failure = Some(binary_failure(error)),
            }
        }
        Err(failure.unwrap_or_else(|| Failure::internal("no version of etcd to look for")))
    }

    fn restore_and_ask(&self, version: EtcdVersion, identity: Option<Identity>) -> Result<Answers> {
        let programs = self.programs.clone();
        let request = BinaryRequest {
            given: programs.etcd.clone(),
            version: Some(version),
            ..BinaryRequest::default()
        };
        let tool = EtcdBinary::find_tool(&request, "etcdutl").map_err(binary_failure)?;
        let options = DevelopmentOptions {
            nodes: Some(1),
            etcd_version: programs.etcd.is_none().then(|| version.to_string()),
            ..programs.options()
        };
        let file = self.file.to_owned();
        let supervision = Supervision::start(&programs, move |home| {
            let zone = prepare(home, &options, OffsetDateTime::now_utc())?;
            match &identity {
                None => restore(&zone, &tool, &file)?,
                Some(identity) => {
                    let database = home.join("snapshot.db");
                    unseal(&file, identity, &database)?;
                    restore(&zone, &tool, &database)?;
                }
            }
            Ok(zone)
        })?;
        let zone = ZoneDirectory::open(supervision.home(), CaPassphrase::new(None, None)?);
        let answers = zone.and_then(|zone| self.ask(&Site::Zone(zone)));
        supervision.end(answers)
    }

    fn ask(&self, site: &Site) -> Result<Answers> {
        let credentials = Observer::new(site).credentials()?;
        let url = site.config().client_urls().into_iter().next();
        let url = url.ok_or_else(|| Failure::internal("a zone without a member"))?;
        let refused = |error: CallError| {
            Failure::new(Exit::Unavailable, "the restored member does not answer").because(&error)
        };
        let asked = on_runtime(async {
            let client = credentials.connect(&url, ANSWER_LIMIT).map_err(Failure::internal)?;
            let revision = client.quorum_read().await.map_err(refused)?;
            // Leases may run out meanwhile: only what was is the same.
            let keys = client.count_keys(self.manifest.revision).await.ok();
            let hash = match self.manifest.hash_kv {
                Some(_) => client.hash_kv(self.manifest.revision).await.ok(),
                None => None,
            };
            Ok(Answers { revision, keys, hash: hash.map(|hash| (hash.hash, hash.compact_revision)) })
        });
        asked.map_err(|error| Failure::internal("cannot set up the connections").because(&error))?
    }

    fn compare(&self, answers: &Answers, record: &mut DrillRecord) {
        let manifest = self.manifest;
        (record.revision, record.keys) = (Some(answers.revision), answers.keys);
        let mut fault = |what: &str, restored: String, listed: String| {
            record
                .faults
                .push(format!("{what} of the restored member is {restored}, and {listed} in the manifest"));
        };
        // A lease that runs out makes a revision. A sealed one has more than its manifest can say.
        if answers.revision < manifest.revision {
            fault("the revision", answers.revision.to_string(), manifest.revision.to_string());
        }
        if let (Some(restored), Some(listed)) = (answers.keys, manifest.keys)
            && restored != listed
        {
            fault("the number of keys", restored.to_string(), listed.to_string());
        }
        if let (Some((restored, compacted)), Some(listed)) = (answers.hash, manifest.hash_kv)
            && compacted == listed.compact_revision
        {
            if restored != listed.hash {
                fault("the hash", format!("{restored:08x}"), format!("{:08x}", listed.hash));
            }
            record.hash_compared = true;
        }
        // What cannot be asked for at a revision that is there was not restored.
        if answers.keys.is_none() && manifest.keys.is_some() && manifest.seal == Seal::Plain {
            record.faults.push(format!("the restored member has no revision {}", manifest.revision));
        }
    }
}

/// Has etcd's tool make the data directory of the only node.
fn restore(zone: &ZoneDirectory, tool: &Path, database: &Path) -> Result<()> {
    let node = zone.config.members().next().ok_or_else(|| Failure::internal("a zone without a member"))?;
    let token = Authorities::load(&zone.paths, OffsetDateTime::now_utc())?.token(&zone.config);
    let cluster = InitialCluster::new(&zone.config, token);
    let data = zone.paths.node(&node.name).data();
    let name = node.name.short();
    DataFromSnapshot { tool, database, data: &data, name, cluster: &cluster, bump_revision: None }
        .make(Stdio::null())
}
