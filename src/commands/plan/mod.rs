//! `plan`: the start as `run` would make it, printed. Nothing is touched.

mod certificates;
mod environment;
mod members;
mod report;
mod text;

use std::fmt::Write as _;

use time::OffsetDateTime;
use zone_pki::{ShowPath, Visible};

use crate::arguments::{launch_options, open_site_to_start};
use crate::cli::{LaunchArgs, PlanArgs, PlanFormat};
use crate::output::{json, print};
use launch::{Foreseen, Foresight, Launch, Start, foresee};
use model::error::Result;
use model::plan::DataDirectory;
use model::report as output;

#[tracing::instrument(skip_all, name = "plan")]
pub(super) fn run(arguments: PlanArgs, now: OffsetDateTime) -> Result<()> {
    let LaunchArgs { site, node, start } = arguments.launch;
    let (site, _) = open_site_to_start(&site, false, now)?;
    site.report_warnings();
    let node = site.node(node.as_deref())?;
    let options = launch_options(&site, node, start, false)?;
    let Foreseen { launch, start } = foresee(&site, node, &options, Foresight::Plan, now)?;
    start.warnings.iter().for_each(|warning| output::warning(warning));
    print(&match arguments.format {
        PlanFormat::Text => text::render(&launch, &start, now),
        PlanFormat::Json => json(&report::PlanReport::new(&launch, &start, now))?,
        PlanFormat::Argv => argv(&launch, &start),
        PlanFormat::Env => environment::render(&start)?,
    })
}

fn argv(launch: &Launch<'_>, start: &Start) -> String {
    let mut lines = format!("{}\n", launch.binary.path.shown());
    for argument in &start.arguments {
        let _ = writeln!(lines, "{}", Visible(argument));
    }
    lines
}

fn puts_aside(launch: &Launch<'_>) -> bool {
    launch.observed.said.set_aside && launch.observed.disk.data != DataDirectory::Empty
}
