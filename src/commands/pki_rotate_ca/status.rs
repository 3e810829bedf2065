//! How far each member is.

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::Format;
use crate::commands::{json, print};
use crate::error::{Exit, Result};
use crate::plan::Plane;
use crate::report::Table;
use crate::rotation::{Seen, Shown, Stage, Standing, describe};
use crate::zone_directory::{Rotated, ZoneDirectory};

/// The JSON. Fields are added, never renamed.
#[derive(Serialize)]
struct Report<'s> {
    zone: &'s str,
    /// `peer`, `client`, `planes` or `root`; none if no rotation is in progress.
    rotated: Option<&'static str>,
    stage: Stage,
    members: Vec<Row<'s>>,
}

#[derive(Serialize)]
struct Row<'s> {
    member: &'s str,
    /// None if it cannot be told.
    stage: Option<Stage>,
    planes: Vec<PlaneRow<'s>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<&'s str>,
}

#[derive(Serialize)]
struct PlaneRow<'s> {
    plane: &'static str,
    /// Whether its certificate is of the CA that signs now.
    is_of_signer: bool,
    /// CAs of the zone that the running process does not trust.
    missing: &'s [String],
    /// CAs that it trusts and the zone does not.
    surplus: &'s [String],
}

/// Prints it. 65 if a member is not where the zone is.
pub(super) fn print_status(zone: &ZoneDirectory, standing: &Standing, format: Format) -> Result<ExitCode> {
    print(&match format {
        Format::Json => json(&report(zone, standing))?,
        Format::Text => text(standing),
    })?;
    let is_there = |seen: &Seen| seen.stage(standing.stage) == Some(standing.stage);
    let are_there = standing.members.iter().all(|(_, seen)| is_there(seen));
    Ok(if are_there { ExitCode::SUCCESS } else { Exit::BadInput.into() })
}

fn report<'s>(zone: &'s ZoneDirectory, standing: &'s Standing) -> Report<'s> {
    let rotated = standing.rotated.map(|rotated| match rotated {
        Rotated::Plane(Plane::Peer) => "peer",
        Rotated::Plane(Plane::Client) => "client",
        Rotated::Planes => "planes",
        Rotated::Root => "root",
    });
    let members = standing.members.iter().map(|(name, seen)| {
        let (planes, unknown) = match seen {
            Seen::Shown(shown) => (shown.iter().map(plane_row).collect(), None),
            Seen::Unknown(why) => (Vec::new(), Some(why.as_str())),
        };
        Row { member: name, stage: seen.stage(standing.stage), planes, unknown }
    });
    Report { zone: zone.config.name.as_str(), rotated, stage: standing.stage, members: members.collect() }
}

fn plane_row(shown: &Shown) -> PlaneRow<'_> {
    let Shown { plane, is_of_signer, missing, surplus } = shown;
    PlaneRow { plane: plane.name(), is_of_signer: *is_of_signer, missing, surplus }
}

fn text(standing: &Standing) -> String {
    let heading = match standing.rotated {
        None => "no rotation is in progress".to_owned(),
        Some(rotated) if standing.stage == Stage::Before => format!("{rotated}: back to what was before"),
        Some(rotated) => format!("{rotated}: {}", standing.stage),
    };
    let mut table = Table::new(&["member", "stage", "what it shows"]);
    for (name, seen) in &standing.members {
        let stage = match (standing.rotated, seen.stage(standing.stage)) {
            (_, None) => "unknown".to_owned(),
            (None, Some(Stage::Before)) => "-".to_owned(),
            (_, Some(stage)) => stage.to_string(),
        };
        table.row([name.clone(), stage, describe(seen)]);
    }
    format!("{heading}\n\n{}", table.render())
}
