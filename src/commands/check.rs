//! `check`: one node, on its own machine.

use std::process::ExitCode;

use time::OffsetDateTime;

use super::findings::{Report, exit_code, render_all};
use super::start_check::check_node;
use super::{json, open_zone, print};
use crate::cli::{CheckArgs, Format};
use crate::diagnosis::NodeCheck;
use crate::error::Result;

pub(super) fn run(arguments: &CheckArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    let node = zone.node(&arguments.node)?;
    let findings = check_node(&zone, node, &mut NodeCheck::new(&zone, node, now), true, now);
    print(&match arguments.format {
        Format::Text => render_all(node.name.full(), &findings),
        Format::Json => json(&Report::new(&findings))?,
    })?;
    Ok(exit_code(&findings))
}
