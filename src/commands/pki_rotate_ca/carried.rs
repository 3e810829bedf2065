//! Each stage carried to the nodes in files, and their answers carried back.
//!
//! The stage is that of `ca/`; a node has come that far when it answers that its bundle is in use, and, where the process has to read
//! its CAs anew, that it trusts those of the zone since its restart.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::choice::{Choice, asked};
use super::clients;
use super::narration::Narration;
use super::typed::Typed;
use crate::access::by_hand::{Errand, Standing as Carried, read_answers, read_restart, write_bundles};
use crate::cli::PkiRotateCaArgs;
use crate::commands::bundle::seal_choice::SealChoice;
use crate::commands::print;
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::plan::Plane;
use crate::report::{self as output, Table, shell_quoted, shell_quoted_path};
use crate::rolling::{Event, Watch};
use crate::rotation::{Stage, Standing, issue_to_clients};
use crate::weakened::Fix;
use crate::zone_directory::{
    Authorities, Place, Rotated, ZoneDirectory, prepare_next, retire, switch, switch_back, was_taken_back,
};

pub(super) fn run(
    arguments: &PkiRotateCaArgs,
    zone: &ZoneDirectory,
    out: &Path,
    now: OffsetDateTime,
) -> Result<()> {
    let errand =
        Carrying { arguments, zone, out, seals: SealChoice::read(&arguments.carried.sealing, zone)?, now };
    let mut stage = stage_of(zone, arguments, now)?;
    // Typed again without --continue it says the same again: a step back from where both are trusted takes the answers of all.
    let begins = if arguments.rollback { stage == Stage::NewLeaves } else { stage == Stage::Before };
    if !arguments.carried.go_on && begins {
        stage = advance(arguments, zone, stage, now)?;
    }
    if arguments.carried.go_on && !out.is_dir() {
        return Err(Failure::new(Exit::MissingInput, format!("there is no directory {}", out.shown()))
            .because("the bundles of the stage and the answers to them are in one directory")
            .next("name the one that the bundles were written to"));
    }
    // Also before answers are read: what was interrupted between a step and its bundles has answers to those of the step before.
    let mut open = errand.write(stage)?;
    if arguments.carried.go_on {
        open = tell_answers(zone, stage, out, now)?;
        if let Some((errand, why)) = first_wrong(&open) {
            return Err(Failure::bad_input(format!("{} is no answer to its bundle", errand.answer.shown()))
                .because(why)
                .next(format!(
                    "carry back what {} says, in its place: {}",
                    errand.node.short(),
                    errand.line
                )));
        }
        if open.is_empty() && stage == end(arguments) {
            output::message(&format!("the rotation is over: {}", stage.meaning()));
            return Ok(());
        }
        if open.is_empty() {
            stage = advance(arguments, zone, stage, now)?;
            open = errand.write(stage)?;
        }
    }
    output::message(&lines(zone, stage, &open, out, arguments));
    Ok(())
}

/// One call of the command.
struct Carrying<'c> {
    arguments: &'c PkiRotateCaArgs,
    zone: &'c ZoneDirectory,
    out: &'c Path,
    seals: SealChoice,
    now: OffsetDateTime,
}

impl Carrying<'_> {
    /// Issues to everybody what a stage asks for, and writes the bundles that differ from those that are there.
    fn write(&self, stage: Stage) -> Result<Vec<Errand>> {
        let zone = self.zone;
        let mut narration = Narration::new(zone, self.arguments.trust_bundle.as_deref());
        narration.event(Event::Stage { name: stage.name(), what: stage.meaning().to_owned() });
        issue_to_clients(zone, &mut narration)?;
        narration.finish()?;
        let nodes: Vec<&Node> = zone.config.nodes.iter().collect();
        write_bundles(zone, &nodes, self.out, |node| self.seals.of(node), self.now)
    }
}

/// Where a rotation ends.
fn end(arguments: &PkiRotateCaArgs) -> Stage {
    if arguments.rollback { Stage::Before } else { Stage::DropOld }
}

fn stage_of(zone: &ZoneDirectory, arguments: &PkiRotateCaArgs, now: OffsetDateTime) -> Result<Stage> {
    let authorities = Authorities::load_before_their_time(&zone.paths, now)?;
    let stage = match Rotated::under_way(&authorities) {
        Some((_, Place::Next)) => Stage::TrustBoth,
        Some((_, Place::Previous)) => Stage::NewLeaves,
        None if arguments.carried.go_on && was_taken_back(zone, &authorities) => Stage::Before,
        None if arguments.carried.go_on => Stage::DropOld,
        None => Stage::Before,
    };
    let is_under_way = Rotated::under_way(&authorities).is_some() || arguments.carried.go_on;
    let is_wrong_way = match stage {
        Stage::Before => is_under_way && !arguments.rollback,
        Stage::DropOld => arguments.rollback,
        Stage::TrustBoth | Stage::NewLeaves => false,
    };
    if is_wrong_way {
        let way = if arguments.rollback { "forward" } else { "back" };
        return Err(Failure::bad_input(format!(
            "the last rotation goes {way}, and is at its last stage: {}",
            stage.meaning()
        ))
        .next(match arguments.rollback {
            true => "leave --rollback out",
            false => "add --rollback",
        }));
    }
    Ok(stage)
}

/// Takes the next step in `ca/`.
fn advance(
    arguments: &PkiRotateCaArgs,
    zone: &ZoneDirectory,
    stage: Stage,
    now: OffsetDateTime,
) -> Result<Stage> {
    let authorities = Authorities::load_before_their_time(&zone.paths, now)?;
    let under_way = Rotated::under_way(&authorities).map(|(rotated, _)| rotated);
    let rotated = under_way.or(asked(arguments)).unwrap_or(Rotated::Planes);
    // Refuses what does not fit what is under way, as where the members can be seen.
    let standing = Standing { rotated: under_way, stage, members: Vec::new() };
    if Choice::make(arguments, &standing, zone, &authorities, now)?.is_none() {
        return Err(Failure::bad_input("there is nothing to carry").next("see what is said above"));
    }
    if !arguments.rollback && stage == Stage::NewLeaves {
        clients::tell(zone)?;
    }
    let stale = Fix::ReadUnderLock.is_off().then_some(authorities);
    // What was revoked while this waited for the lock is not in what was read before.
    let held = zone.lock()?;
    let authorities = match (arguments.rollback, stale) {
        (_, Some(stale)) => held.stale_authorities(stale),
        (true, None) => held.authorities_before_their_time(now)?,
        (false, None) => held.authorities(now)?,
    };
    match (arguments.rollback, stage) {
        (false, Stage::Before) => prepare_next(zone, &authorities, rotated, now).map(|()| Stage::TrustBoth),
        (false, Stage::TrustBoth) => switch(zone, &authorities, rotated, now).map(|()| Stage::NewLeaves),
        (false, _) => retire(zone, rotated, Place::Previous, &held).map(|()| Stage::DropOld),
        (true, Stage::NewLeaves) => switch_back(zone, &authorities, rotated, now).map(|()| Stage::TrustBoth),
        (true, _) => retire(zone, rotated, Place::Next, &held).map(|()| Stage::Before),
    }
}

/// Prints how far each node is, and returns those that are not done.
fn tell_answers(zone: &ZoneDirectory, stage: Stage, out: &Path, now: OffsetDateTime) -> Result<Vec<Errand>> {
    let nodes: Vec<&Node> = zone.config.nodes.iter().collect();
    let authorities = Authorities::load(&zone.paths, now)?;
    let mut table = Table::new(&["node", "bundle", "state"]);
    let mut open = Vec::new();
    for errand in read_answers(zone, &nodes, out, now)? {
        let node = zone.node(errand.node.full())?;
        let state = match &errand.standing {
            Carried::Open => Err("open".to_owned()),
            Carried::Wrong { why } => Err(format!("wrong: {why}")),
            Carried::Done { .. } if node.member && needs_restart(stage) => {
                restart_state(node, &authorities, out)?
            }
            Carried::Done { .. } => Ok("done".to_owned()),
        };
        let (Ok(text) | Err(text)) = &state;
        table.row([node.name.short().to_owned(), errand.sequence.to_string(), text.clone()]);
        if state.is_err() {
            open.push(errand);
        }
    }
    print(&table.render())?;
    Ok(open)
}

fn first_wrong(open: &[Errand]) -> Option<(&Errand, String)> {
    open.iter().find_map(|errand| match &errand.standing {
        Carried::Wrong { why } => Some((errand, why.clone())),
        _ => None,
    })
}

/// A process trusts what it read at its start.
fn needs_restart(stage: Stage) -> bool {
    stage != Stage::NewLeaves
}

/// Whether the process trusts what the zone does, by what the node told of its restart.
fn restart_state(
    node: &Node,
    authorities: &Authorities,
    out: &Path,
) -> Result<std::result::Result<String, String>> {
    let restarted = match read_restart(node, out)? {
        None => return Ok(Err("in use; not restarted yet".to_owned())),
        Some(Err(why)) => return Ok(Err(format!("wrong: {why}"))),
        Some(Ok(restarted)) => restarted,
    };
    let trusts = |named: &Option<Vec<String>>, plane| {
        let mut wanted: Vec<&str> = authorities.trusted(plane).into_iter().map(|ca| ca.subject()).collect();
        let mut named: Vec<&str> = named.iter().flatten().map(String::as_str).collect();
        wanted.sort_unstable();
        named.sort_unstable();
        wanted == named
    };
    let after = &restarted.trusted_after;
    let is_done = trusts(&after.peer, Plane::Peer) && trusts(&after.client, Plane::Client);
    Ok(if is_done {
        Ok("done".to_owned())
    } else {
        Err("in use; restarted before that, and not since".to_owned())
    })
}

fn lines(
    zone: &ZoneDirectory,
    stage: Stage,
    errands: &[Errand],
    out: &Path,
    arguments: &PkiRotateCaArgs,
) -> String {
    let mut text = "next: carry each bundle to its node, and on one node after the other type what stands below; carry back the files that \
                    it writes"
        .to_owned();
    for errand in errands {
        let name = errand.node.short();
        let is_member = zone.config.node(name).is_some_and(|node| node.member);
        let restart = match is_member && needs_restart(stage) {
            true => format!(
                " && zone-etcd restart --format json > {}",
                shell_quoted(&format!("{name}.restarted"))
            ),
            false => String::new(),
        };
        text.push_str(&format!("\n  {name}: {}{restart}", errand.line));
    }
    let typed = Typed::of(arguments);
    let out = shell_quoted_path(out);
    let next = format!("{} --out {out}{} --continue", typed.again(), typed.seal());
    text + &format!("\nthen: {}", zone.proposed(&next))
}
