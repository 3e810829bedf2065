//! Carries out what a start writes (see [`model::plan::Write`]): each is durable before the next begins.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use time::OffsetDateTime;
use zone_pki::regular_file;

use super::failures::{log_failure, state_failure};
use super::node_disk::NodeDisk;
use super::{Launch, data_move};
use etcd::{read_log_position, sync_log};
use host::{HighWater, MemberState, StartRecord};
use model::error::{Failure, Result};
use model::plan::{Ids, LogPosition, NodePaths, Nonce, Observation, Past, Phase, Step, Write, writes};
use model::random;
use store::zone_directory::{create_directory, private_failure};

impl Launch<'_> {
    /// Writes what has to be on disk before a step is taken, and returns what is there then.
    pub(super) fn carry_out(
        &self,
        observed: &Observation,
        step: &Step,
        now: OffsetDateTime,
    ) -> Result<Observation> {
        self.write_down(observed, step, now)?;
        let disk = NodeDisk::read(&self.member.paths)?.facts;
        Ok(Observation { disk, ..observed.clone() })
    }

    /// Writes what has to be on disk before a step is taken.
    pub(super) fn write_down(&self, observed: &Observation, step: &Step, now: OffsetDateTime) -> Result<()> {
        self.carry_out_some(observed, step, now, |_| true)
    }

    /// What can be written of a resumption before it is decided on: notes of what is there, and nothing in
    /// the data directory.
    pub(super) fn note_early(&self, observed: &Observation, step: &Step, now: OffsetDateTime) -> Result<()> {
        self.carry_out_some(observed, step, now, |write| write != Write::RemoveNonce)
    }

    /// The attempt that a log came of is over.
    pub(super) fn forget_attempt(&self) -> Result<()> {
        remove_nonce(&self.member.paths.data())
    }

    fn carry_out_some(
        &self,
        observed: &Observation,
        step: &Step,
        now: OffsetDateTime,
        which: impl Fn(Write) -> bool,
    ) -> Result<()> {
        let shown = observed.local_state().map_err(|refusal| self.refused(&refusal))?;
        let writes = writes(observed, shown, step, fresh_nonce()?);
        writes
            .into_iter()
            .filter(|write| which(*write))
            .try_for_each(|write| self.write(write, observed.disk.position, now))
    }

    /// `position` is how far the log has come, if there is one.
    #[tracing::instrument(skip_all, fields(what = ?write))]
    fn write(&self, write: Write, position: Option<LogPosition>, now: OffsetDateTime) -> Result<()> {
        let paths = &self.member.paths;
        let data = paths.data();
        match write {
            Write::DataDirectory => make_data_directory(&data),
            Write::Nonce(nonce) => {
                write_nonce(&data, nonce).map_err(|error| Failure::write(&NodePaths::nonce_in(&data), &error))
            }
            Write::State { ids, phase, joins } => self.save_state(Past { ids, phase, joins }, now),
            Write::SyncLog => sync_log(&data).map_err(|error| Failure::write(&data, &error)),
            Write::Note(ids) => note(paths, ids, position.unwrap_or_default(), now),
            Write::NoteAnew(ids) => save_note(paths, ids, position.unwrap_or_default(), now),
            Write::RemoveNonce => remove_nonce(&data),
            Write::MoveDataAside => data_move::move_away(&data, now).map(drop),
        }
    }

    fn save_state(&self, past: Past, now: OffsetDateTime) -> Result<()> {
        let paths = &self.member.paths;
        let log = match past.phase {
            Phase::Ran => noted(paths, past.ids)?,
            Phase::Committed | Phase::Attempted(_) | Phase::Unknown => None,
        };
        let state = MemberState::new(StartRecord {
            zone: self.site.config().name.as_str(),
            node: self.member.node.full(),
            past,
            token: self.member.cluster.token.as_str(),
            etcd_version: self.binary.version.to_string(),
            decided_at: now,
            data_directory: paths.data(),
            log,
        });
        state.save(&paths.state()).map_err(|error| state_failure(&error))
    }
}

/// Notes how far the log of a member has come, unless farther is noted already. The log may be in use: what
/// was read of it is synced before it is noted, so that no power cut takes it back.
pub(super) fn note_log(paths: &NodePaths, ids: Ids, now: OffsetDateTime) -> Result<()> {
    let position = read_log_position(&paths.data()).map_err(|error| log_failure(&error))?;
    sync_log(&paths.data()).map_err(|error| Failure::read(&paths.data(), &error))?;
    note(paths, ids, position.unwrap_or_default(), now)
}

fn note(paths: &NodePaths, ids: Ids, position: LogPosition, now: OffsetDateTime) -> Result<()> {
    match noted(paths, ids)? {
        Some(noted) if noted == position || position.is_older_than(noted) => Ok(()),
        _ => save_note(paths, ids, position, now),
    }
}

fn save_note(paths: &NodePaths, ids: Ids, position: LogPosition, now: OffsetDateTime) -> Result<()> {
    let note = HighWater::new(ids, position, now);
    note.save(&paths.high_water()).map_err(|error| state_failure(&error))
}

fn noted(paths: &NodePaths, ids: Ids) -> Result<Option<LogPosition>> {
    let note = HighWater::load(&paths.high_water()).map_err(|error| state_failure(&error))?;
    Ok(note.filter(|note| note.ids() == Some(ids)).map(|note| note.position))
}

fn make_data_directory(data: &Path) -> Result<()> {
    if !data.exists() {
        create_directory(data)?;
    }
    zone_pki::private_file::check_directory(data).map_err(|error| private_failure(data, &error))?;
    nix::unistd::access(data, nix::unistd::AccessFlags::W_OK)
        .map_err(|error| Failure::write(data, &error.into()))?;
    let member = data.join("member");
    match std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&member) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Failure::write(&member, &error));
        }
        _ => {}
    }
    let above = data.parent().unwrap_or(data);
    for directory in [member.as_path(), data, above] {
        sync_directory(directory).map_err(|error| Failure::write(directory, &error))?;
    }
    Ok(())
}

fn write_nonce(data: &Path, nonce: Nonce) -> io::Result<()> {
    use std::io::Write as _;
    let path = NodePaths::nonce_in(data);
    // One that is cut off by a crash is not the one that `state.json` names afterwards, and is replaced.
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        regular_file::open_with(options.write(true).create(true).truncate(true).mode(0o600), &path)?;
    writeln!(file, "{nonce}")?;
    file.sync_all()?;
    sync_directory(data)
}

fn remove_nonce(data: &Path) -> Result<()> {
    let path = NodePaths::nonce_in(data);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::write(&path, &error)),
        _ => Ok(()),
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn fresh_nonce() -> Result<Nonce> {
    Ok(Nonce(u128::from_be_bytes(random::bytes()?)))
}
