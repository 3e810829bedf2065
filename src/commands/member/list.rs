//! `member list`: the members as the cluster has them, and where zone.toml says something else.

use std::fmt::Write as _;

use serde::Serialize;

use crate::arguments::open_site;
use crate::cli::{Format, MemberListArgs};
use crate::output::{json, print};
use live::{LiveMember, LiveZone};
use model::error::{Exit, Failure, Result};
use model::report::{Table, wrapped};
use operations::observer::Observer;

#[tracing::instrument(skip_all, name = "member list")]
pub(super) fn run(arguments: &MemberListArgs) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    site.refuse_unless_issued()?;
    let live = Observer::new(&site).observe()?;
    let list = MemberList::of(&live);
    match arguments.format {
        Format::Json => print(&json(&list)?)?,
        Format::Text => print(&list.text())?,
    }
    if list.is_confirmed {
        return Ok(());
    }
    let what = match &live.listed {
        Some(_) => "no quorum: this is the list as one member has it, which may be behind",
        None => "no member tells who the members are",
    };
    let failure = Failure::new(Exit::Unavailable, what);
    let failure = live.judgement.reasons.iter().cloned().fold(failure, Failure::because);
    Err(failure.next(format!("see how the members are: {}", site.proposed("status"))))
}

/// The list. Fields are added, never renamed.
#[derive(Debug, Serialize)]
struct MemberList {
    /// In 16 hexadecimal digits, as all ids.
    cluster_id: Option<String>,
    /// Whether the list came through the quorum.
    is_confirmed: bool,
    members: Vec<Listed>,
    /// Where zone.toml and the list part, as sentences.
    differences: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Listed {
    id: Option<String>,
    name: String,
    /// `up`, `down`, `unstarted`, `absent` (in zone.toml alone), `no quorum`, `foreign`.
    state: &'static str,
    /// `leader`, `voter`, `learner`, or `-`.
    role: &'static str,
    is_learner: bool,
    peer_urls: Vec<String>,
    client_urls: Vec<String>,
    version: Option<String>,
    /// Entries of the log that it has still to apply.
    lag: Option<u64>,
}

impl MemberList {
    fn of(live: &LiveZone) -> Self {
        let member = |member: &LiveMember| {
            let (listed, status) = (member.listed.as_ref(), member.status.as_ref().ok());
            Listed {
                id: member.id().map(|id| id.to_string()),
                name: member.name.clone(),
                state: live.state_of(member),
                role: live.role_of(member),
                is_learner: member.is_learner(),
                peer_urls: listed.map(|listed| listed.peer_urls.clone()).unwrap_or_default(),
                client_urls: listed.map(|listed| listed.client_urls.clone()).unwrap_or_default(),
                version: status.map(|status| status.version.clone()),
                lag: status.map(|status| status.raft_lag),
            }
        };
        Self {
            cluster_id: live.cluster_id.map(|id| id.to_string()),
            is_confirmed: live.list_is_confirmed,
            members: live.members.iter().map(member).collect(),
            differences: live.differences.iter().map(ToString::to_string).collect(),
        }
    }

    fn text(&self) -> String {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let urls = |urls: &[String]| if urls.is_empty() { "-".to_owned() } else { urls.join(",") };
        let mut table =
            Table::new(&["id", "name", "state", "role", "version", "lag", "peer URLs", "client URLs"]);
        for member in &self.members {
            table.row([
                or_none(member.id.clone()),
                member.name.clone(),
                member.state.to_owned(),
                member.role.to_owned(),
                or_none(member.version.clone()),
                or_none(member.lag.map(|lag| lag.to_string())),
                urls(&member.peer_urls),
                urls(&member.client_urls),
            ]);
        }
        let mut text = table.render();
        if !self.differences.is_empty() {
            let _ = writeln!(text, "\ndifferences from zone.toml");
            self.differences.iter().for_each(|difference| text += &wrapped("  ", difference));
        }
        text
    }
}
