//! A snapshot, taken: a fit member, the lock, its database on the disk, the manifest beside it.

use std::path::Path;
use std::time::Duration;

use bytesize::ByteSize;
use time::OffsetDateTime;

use super::outlet::{OpenOutlet, Outlet};
use super::source::{Source, choose};
use super::stream;
use crate::observer::run;
use crate::operation::Operation;
use etcd::client::{ListedMember, MemberClient};
use etcd::read_snapshot;
use host::free_space;
use live::{LARGEST_HASHED, LiveZone};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::{Seal, SnapshotHash, SnapshotManifest, SnapshotMember, SnapshotSource};
use model::report;
use store::bundle::Sealing;
use store::site::Site;
use store::snapshot::{PartialSnapshot, SignedManifest, SnapshotPaths, WholeSnapshot, sweep};
use store::zone_directory::{DocumentSigner, create_directory};
use zone_pki::{ShowPath, whole_seconds};

/// What a member may take to hash its data, or to count its keys. Without an answer the manifest has none.
const HASH_LIMIT: Duration = Duration::from_secs(10);

/// What is asked for.
pub struct SnapshotRequest<'r> {
    /// Where it is placed; its manifest alone, if it is sent.
    pub directory: &'r Path,
    /// The node whose member is to be asked.
    pub from: Option<&'r Node>,
    pub sealing: Sealing<'r>,
    pub signer: Option<&'r DocumentSigner>,
    /// Take it also if the members have no quorum.
    pub without_quorum: bool,
    /// For how long nothing may come.
    pub stall: Duration,
    /// What it is sent to as it comes, instead of a file.
    pub outlet: Option<&'r Outlet>,
}

/// A snapshot that is in its place.
#[derive(Debug)]
pub struct TakenSnapshot {
    pub paths: SnapshotPaths,
    pub manifest: SnapshotManifest,
}

impl Operation<'_> {
    /// Takes a snapshot.
    ///
    /// # Errors
    /// No member is fit, or it sends no more (exit 69); there is another operation (75), no right (77), no
    /// room (73). Nothing is left of it then.
    #[tracing::instrument(skip_all, name = "save snapshot")]
    pub fn save_snapshot(&mut self, request: &SnapshotRequest<'_>) -> Result<TakenSnapshot> {
        let site = self.site();
        let live = self.observer.observe()?;
        if !live.list_is_confirmed && !request.without_quorum {
            return Err(no_quorum(site, &live));
        }
        let source = choose(&self.observer, &live, request.from)?;
        if live.list_is_confirmed {
            self.ensure_locked_if_there_is_space(&live)?;
        }
        create_directory(request.directory)?;
        let zone = site.config().name.as_str();
        if request.outlet.is_none() {
            for left in sweep(request.directory, zone) {
                report::message(&format!("removed {}, which an interrupted call had left", left.shown()));
            }
            refuse_without_room(request.directory, &source)?;
        }

        let at = whole_seconds(OffsetDateTime::now_utc());
        let stem = SnapshotPaths::stem(zone, source.revision, at);
        let name = SnapshotPaths::name(&stem, request.sealing.seal());
        let sent = request.outlet.map(|outlet| outlet.open(&name, request.stall)).transpose()?;
        let mut partial = match &sent {
            Some(sent) => PartialSnapshot::begin_sent(sent.pipe()?, &name, &request.sealing)?,
            None => PartialSnapshot::begin(request.directory, &stem, &request.sealing)?,
        };
        let written = stream::write(&self.observer, &source, &mut partial, request.stall);
        let whole = written.and_then(|version| Ok((version, partial.finish()?)));
        let (storage_version, whole) = match (whole, sent) {
            (Ok(whole), Some(sent)) => sent.end(&name).map(|()| whole)?,
            (Ok(whole), None) => whole,
            (Err(failure), sent) => {
                sent.into_iter().for_each(OpenOutlet::abort);
                return Err(failure);
            }
        };
        let manifest =
            SnapshotManifest { storage_version, ..self.describe(request, &live, &source, &whole, at)? };
        let paths = SnapshotPaths::of(&request.directory.join(&manifest.file));
        let signed = SignedManifest::new(manifest, request.signer)
            .map_err(|error| Failure::internal("cannot sign the manifest").because(&error))?;
        let text = signed.encode().map_err(|error| Failure::internal("cannot make JSON").because(&error))?;
        if let Some(outlet @ Outlet::Command(_)) = request.outlet {
            let name = paths.manifest.file_name().map(|name| name.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            let mut sent = outlet.open(&name, request.stall)?;
            sent.write(&text)?;
            sent.end(&name)?;
        }
        whole.place(&paths, &text)?;
        Ok(TakenSnapshot { paths, manifest: signed.manifest })
    }

    fn describe(
        &self,
        request: &SnapshotRequest<'_>,
        live: &LiveZone,
        source: &Source,
        whole: &WholeSnapshot,
        at: OffsetDateTime,
    ) -> Result<SnapshotManifest> {
        let (site, seal) = (self.site(), request.sealing.seal());
        let (revision, compact_revision) = match seal {
            Seal::Plain if whole.path().is_some() => revisions(whole, source)?,
            _ => (source.revision, None),
        };
        let (hash_kv, keys) = self.told_of(source, revision)?;
        let token = site.authorities_to_ask(at)?.token(site.config());
        let stem = SnapshotPaths::stem(site.config().name.as_str(), revision, at);
        Ok(SnapshotManifest {
            format: SnapshotManifest::FORMAT,
            zone: site.config().name.as_str().to_owned(),
            cluster_id: source.status.cluster_id.to_string(),
            token: Some(token.to_string()),
            taken_at: at,
            from: SnapshotSource {
                name: source.name.clone(),
                id: source.id.to_string(),
                version: source.status.version.clone(),
            },
            without_quorum: !live.list_is_confirmed,
            revision,
            compact_revision,
            keys,
            hash_kv,
            raft_index: source.status.raft_index,
            raft_term: source.status.raft_term,
            storage_version: None,
            file: SnapshotPaths::name(&stem, seal),
            size: whole.size,
            sha256: whole.sha256.clone(),
            database: whole.database.clone(),
            seal,
            sealed_to: request.sealing.keys(),
            members: live.listed.iter().flatten().map(described).collect(),
            recovered: None,
        })
    }

    /// A hash of the data at the revision, and how many keys it has there: what a drill compares.
    fn told_of(&self, source: &Source, revision: i64) -> Result<(Option<SnapshotHash>, Option<i64>)> {
        let credentials = self.observer.credentials()?;
        run(async {
            let Ok(client) = credentials.connect(&source.url, HASH_LIMIT) else { return (None, None) };
            let hash = match source.status.db_size_in_use <= LARGEST_HASHED {
                true => hash_at(&client, revision).await,
                false => None,
            };
            (hash, client.count_keys(revision).await.ok())
        })
    }
}

/// The hash at a revision, unless it may be one that was kept from a compaction, which is not comparable with
/// others. One of the latest revision is always fresh; an older one if nothing was compacted since.
pub(crate) async fn hash_at(client: &MemberClient, revision: i64) -> Option<SnapshotHash> {
    let then = client.hash_kv(revision).await.ok()?;
    let latest = client.hash_kv(0).await.ok()?;
    let compact_revision = latest.compact_revision;
    if latest.header.is_some_and(|header| header.revision == revision) {
        return Some(SnapshotHash { hash: latest.hash, compact_revision });
    }
    let is_fresh = then.compact_revision == compact_revision;
    is_fresh.then_some(SnapshotHash { hash: then.hash, compact_revision })
}

/// The revisions in the file.
fn revisions(whole: &WholeSnapshot, source: &Source) -> Result<(i64, Option<i64>)> {
    let Some(path) = whole.path() else { return Ok((source.revision, None)) };
    let facts = match read_snapshot(path) {
        Ok(facts) => facts,
        // Its digest is right, so it is what the member has.
        Err(error) => {
            report::warning(&format!("its revision is not known exactly: {error}"));
            return Ok((source.revision, None));
        }
    };
    if facts.revision < source.revision {
        return Err(Failure::bad_input(format!("{} sent old data: no snapshot was taken", source.name))
            .because(format!(
                "it ends at revision {}, and the member had {} before",
                facts.revision, source.revision
            ))
            .next("run the command again with another member: zone-etcd snapshot save --from NODE"));
    }
    Ok((facts.revision, Some(facts.compact_revision)))
}

fn described(member: &ListedMember) -> SnapshotMember {
    SnapshotMember {
        name: member.name.clone(),
        id: member.id().to_string(),
        peer_urls: member.peer_urls.clone(),
        client_urls: member.client_urls.clone(),
        is_learner: member.is_learner,
    }
}

fn no_quorum(site: &Site, live: &LiveZone) -> Failure {
    let what = "the members have no quorum: a snapshot may lack what was written last";
    let failure = Failure::new(Exit::Unavailable, what);
    let failure = live.judgement.reasons.iter().cloned().fold(failure, Failure::because);
    failure.next(match live.members.iter().any(|member| member.status.is_ok()) {
        true => format!(
            "to take what one member has all the same: {}",
            site.proposed("snapshot save --without-quorum")
        ),
        false => format!("see how the members are: {}", site.proposed("status")),
    })
}

fn refuse_without_room(directory: &Path, source: &Source) -> Result<()> {
    let space = free_space(directory).map_err(|error| Failure::write(directory, &error))?;
    let needed = source.status.db_size.saturating_add(source.status.db_size / 5);
    if space.free >= needed {
        return Ok(());
    }
    let iec = |bytes| ByteSize::b(bytes).display().iec().to_string();
    Err(Failure::new(Exit::CannotCreate, format!("there is no room for a snapshot in {}", directory.shown()))
        .because(format!(
            "{} are free, and {} are needed: the database of {} has {}, and may grow",
            iec(space.free),
            iec(needed),
            source.name,
            iec(source.status.db_size)
        ))
        .next("free space there, or name another directory with --to"))
}
