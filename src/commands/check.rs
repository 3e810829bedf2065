//! `check`: one node, on its own machine.

use std::process::ExitCode;

use time::OffsetDateTime;

use crate::arguments::open_site;
use crate::cli::{CheckArgs, Format};
use crate::output::{Report, exit_code, json, print, print_verdicts, render_all};
use diagnosis::NodeCheck;
use launch::note_members;
use launch::start_check::{Checked, check_node, check_start};
use model::config::Node;
use model::error::Result;
use store::site::{DEFAULT_CONFIG, Site};
use store::zone_directory::Authorities;

#[tracing::instrument(skip_all, name = "check")]
pub(super) fn run(arguments: &CheckArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    let node = site.node(arguments.node.as_deref())?;
    note_members(&site, now);
    let Checked { findings, refused } = match site.refuse_unless_issued() {
        Ok(()) => {
            refuse_keys_elsewhere(&site, node, now)?;
            check_node(&site, node, &mut NodeCheck::new(&site, node, now), true, now)
        }
        Err(_) => check_start(&site, node, now),
    };
    match arguments.format {
        Format::Text => print_verdicts(&render_all(node.name.full(), &findings))?,
        Format::Json => print(&json(&Report::new(&findings))?)?,
    }
    Ok(refused.map_or_else(|| exit_code(&findings), ExitCode::from))
}

/// What a node does with keys that it made itself can be seen there alone.
fn refuse_keys_elsewhere(site: &Site, node: &Node, now: OffsetDateTime) -> Result<()> {
    let Site::Zone(zone) = site else { return Ok(()) };
    // What is missing or wrong is found by the checks.
    let Ok(authorities) = Authorities::load(&zone.paths, now) else { return Ok(()) };
    let Ok(assessment) = site.assess(node, &authorities, now) else { return Ok(()) };
    let name = node.name.short();
    assessment.refuse_keys_elsewhere(format!("check it on {name}: zone-etcd check --config {DEFAULT_CONFIG}"))
}
