//! `check`: one node, on its own machine.

use std::process::ExitCode;

use time::OffsetDateTime;

use super::findings::{Report, exit_code, render_all};
use super::start_check::{Checked, check_node, check_start};
use super::{json, open_site, print};
use crate::cli::{CheckArgs, Format};
use crate::config::Node;
use crate::diagnosis::NodeCheck;
use crate::error::Result;
use crate::launch::note_members;
use crate::site::{DEFAULT_CONFIG, Site};
use crate::zone_directory::Authorities;

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
    print(&match arguments.format {
        Format::Text => render_all(node.name.full(), &findings),
        Format::Json => json(&Report::new(&findings))?,
    })?;
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
