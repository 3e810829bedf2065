//! How far each member is.

use std::process::ExitCode;

use serde::Serialize;

use crate::cli::Format;
use crate::output::{json, print};
use live::TrustDifference;
use model::error::{Exit, Result};
use model::plan::Plane;
use model::report::Table;
use operations::rotation::{Progress, Seen, Shown, Stage, describe};
use store::zone_directory::{RotationScope, ZoneDirectory};

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
pub(super) fn print_status(zone: &ZoneDirectory, progress: &Progress, format: Format) -> Result<ExitCode> {
    print(&match format {
        Format::Json => json(&report(zone, progress))?,
        Format::Text => text(progress),
    })?;
    let is_there = |seen: &Seen| seen.stage(progress.stage) == Some(progress.stage);
    let are_there = progress.members.iter().all(|(_, seen)| is_there(seen));
    Ok(if are_there { ExitCode::SUCCESS } else { Exit::BadInput.into() })
}

fn report<'s>(zone: &'s ZoneDirectory, progress: &'s Progress) -> Report<'s> {
    let rotated = progress.rotated.map(|rotated| match rotated {
        RotationScope::Plane(Plane::Peer) => "peer",
        RotationScope::Plane(Plane::Client) => "client",
        RotationScope::Planes => "planes",
        RotationScope::Root => "root",
    });
    let members = progress.members.iter().map(|(name, seen)| {
        let (planes, unknown) = match seen {
            Seen::Shown(shown) => (shown.iter().map(plane_row).collect(), None),
            Seen::Unknown(why) => (Vec::new(), Some(why.as_str())),
        };
        Row { member: name, stage: seen.stage(progress.stage), planes, unknown }
    });
    Report { zone: zone.config.name.as_str(), rotated, stage: progress.stage, members: members.collect() }
}

fn plane_row(shown: &Shown) -> PlaneRow<'_> {
    let Shown { plane, is_of_signer, trust: TrustDifference { missing, surplus } } = shown;
    PlaneRow { plane: plane.name(), is_of_signer: *is_of_signer, missing, surplus }
}

fn text(progress: &Progress) -> String {
    let heading = match progress.rotated {
        None => "no rotation is in progress".to_owned(),
        Some(rotated) if progress.stage == Stage::Before => format!("{rotated}: back to what was before"),
        Some(rotated) => format!("{rotated}: {}", progress.stage),
    };
    let mut table = Table::new(&["member", "stage", "what it shows"]);
    for (name, seen) in &progress.members {
        let stage = match (progress.rotated, seen.stage(progress.stage)) {
            (_, None) => "unknown".to_owned(),
            (None, Some(Stage::Before)) => "-".to_owned(),
            (_, Some(stage)) => stage.to_string(),
        };
        table.row([name.clone(), stage, describe(seen)]);
    }
    format!("{heading}\n\n{}", table.render())
}
