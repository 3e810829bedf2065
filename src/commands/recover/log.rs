//! `recover log`: how far the log of a node has come.

use super::table;
use crate::arguments::open_site;
use crate::cli::{Format, RecoverLogArgs};
use crate::output::{json, print};
use launch::refuse_without_member;
use model::error::Result;
use operations::recovery::LogReport;

#[tracing::instrument(skip_all, name = "recover log")]
pub(super) fn run(arguments: &RecoverLogArgs) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    let node = site.node(arguments.node.as_deref())?;
    refuse_without_member(node)?;
    site.act_as_owner()?;
    let log = LogReport::read(&site, node)?;
    print(&match arguments.format {
        Format::Json => json(&log)?,
        Format::Text => text(node.name.short(), &log),
    })
}

fn text(node: &str, log: &LogReport) -> String {
    let torn = if log.is_torn { "; a crash has torn the record behind the last entry" } else { "" };
    let runs = if log.is_running { "runs" } else { "does not run" };
    format!(
        "{}\n{} of cluster {}, in {}; it {runs}{torn}\n",
        table([(node.to_owned(), log)].into_iter()),
        log.member_id,
        log.cluster_id,
        log.data
    )
}
