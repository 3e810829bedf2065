//! What a start writes down before it happens.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::failures::state_failure;
use super::{Launch, Start, set_aside, verified};
use crate::error::{Failure, Result};
use crate::host::{MemberState, StartRecord};
use crate::plan::{DataDirectory, Ids, StartDecision};
use crate::zone_directory::{create_directory, private_failure};

impl Launch<'_> {
    /// What the data tells of votes is written down before it is put aside, so that it is not forgotten if this start ends here.
    fn record_votes(&self, now: OffsetDateTime) -> Result<()> {
        let ids = match (self.observed.past, self.observed.data) {
            (Some(_), _) => return Ok(()),
            (None, DataDirectory::Log(ids)) => ids,
            (None, _) => self.observed.predicted,
        };
        self.save_state(ids, "resume", true, now)
    }

    fn save_state(&self, ids: Ids, decision: &'static str, had_log: bool, now: OffsetDateTime) -> Result<()> {
        let paths = &self.member.paths;
        let record = StartRecord {
            zone: self.site.config().name.as_str(),
            node: self.member.node.full(),
            ids,
            token: self.member.cluster.token.as_str(),
            etcd_version: self.binary.version.to_string(),
            decision,
            decided_at: now.format(&Rfc3339).unwrap_or_default(),
            had_log,
        };
        MemberState::new(record, &paths.data())
            .and_then(|state| state.save(&paths.state(), self.state_before.as_ref()))
            .map_err(|error| state_failure(&error))
    }

    /// Puts data aside if that was asked for, makes the data directory, and writes down what this start is before it happens.
    pub fn record(&self, start: &Start, now: OffsetDateTime) -> Result<()> {
        let paths = &self.member.paths;
        let data = paths.data();
        if self.observed.set_aside && self.observed.data != DataDirectory::Empty {
            self.record_votes(now)?;
            set_aside::move_away(&data, now)?;
        }
        if !data.exists() {
            create_directory(&data)?;
        }
        zone_pki::private_file::check_directory(&data).map_err(|error| private_failure(&data, &error))?;
        nix::unistd::access(&data, nix::unistd::AccessFlags::W_OK)
            .map_err(|error| Failure::write(&data, &error.into()))?;
        let had_log = matches!(start.decision, StartDecision::Resume(_));
        self.save_state(start.ids, start.decision.word(), had_log, now)?;
        if self.verified_before.as_ref() == Some(&self.verified) {
            return Ok(());
        }
        verified::remember(paths, &self.verified)
    }
}
