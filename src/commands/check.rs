//! `check`: one node, on its own machine.

use std::process::ExitCode;

use time::OffsetDateTime;

use super::findings::{Report, exit_code, render_all};
use super::start_check::{check_node, check_start};
use super::{json, open_site, print};
use crate::cli::{CheckArgs, Format};
use crate::diagnosis::NodeCheck;
use crate::error::Result;

pub(super) fn run(arguments: &CheckArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    let node = site.node(arguments.node.as_deref())?;
    let findings = match site.refuse_unless_issued() {
        Ok(()) => check_node(&site, node, &mut NodeCheck::new(&site, node, now), true, now),
        Err(_) => check_start(&site, node, now),
    };
    print(&match arguments.format {
        Format::Text => render_all(node.name.full(), &findings),
        Format::Json => json(&Report::new(&findings))?,
    })?;
    Ok(exit_code(&findings))
}
