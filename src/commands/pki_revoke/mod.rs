//! `pki revoke`: a node's member leaves, its certificates are recorded as revoked, listed, and tried on every member.

mod handing_out;
mod rebuilding;
mod report;
mod target;
mod trial;

use std::process::ExitCode;

use time::OffsetDateTime;

use super::client::bring_admin_up_to_date;
use super::{json, open_zone, print};
use crate::cli::{Format, PkiRevokeArgs};
use crate::config::{ClientName, Node};
use crate::error::{Exit, Failure, Result};
use crate::live::{self, ANSWER_LIMIT, Credentials};
use crate::plan::clients_of;
use crate::report as output;
use crate::rolling::Observer;
use crate::site::Site;
use crate::zone_directory::{
    Assessment, Authorities, HeldAuthorities, Holder, Issuer, OfRevoked, Targeted, ZoneDirectory, admit,
    find_issued, revoke,
};
use handing_out::{bring, hand_out};
use report::{Membership, Report};
use target::Target;
use trial::Trial;
use zone_pki::ShowPath;

pub(super) fn run(arguments: &PkiRevokeArgs, now: OffsetDateTime) -> Result<ExitCode> {
    // The log and the lists have whole seconds.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let Some(target) = &arguments.target else { return rebuilding::run(&zone, now) };
    let target = Target::parse(target, &zone)?;
    refuse_nothing(&find_issued(&zone, &target.records, now)?, &target, &zone)?;

    // Who may still vote is taken out first: a list alone evicts no member, and without its certificates it could not be asked to go.
    let site = Site::Zone(zone);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a zone that is none")) };
    zone.refuse_clock_behind()?;
    Authorities::load(&zone.paths, now)?;
    bring_admin_up_to_date(&site, now);
    let node = target.node(zone);
    let membership = match node.filter(|node| node.member) {
        Some(node) => leave(&site, node)?,
        None => Membership::None,
    };

    let held = zone.lock()?;
    let targeted = find_issued(zone, &target.records, now)?;
    let trials = Trial::load_all(zone, &targeted);
    let written = revoke(zone, &targeted.live, arguments.reason, now, &held)?;
    if targeted.live.is_empty() && written.is_empty() && membership != Membership::Removed {
        return Err(already(&targeted, &target));
    }
    let authorities = held.authorities(now)?;
    let to_bring = hand_out(zone, &authorities, node, now)?;
    let replaced = replace_client(zone, &authorities, &target, now)?;
    // A node may be waited for, and others may issue meanwhile.
    let authorities = authorities.released();
    drop(held);
    let not_reached = bring(to_bring);
    let tried = trial::try_all(zone, &authorities, node, &trials, ANSWER_LIMIT)?;

    let reason = arguments.reason;
    let report = Report { targeted: &targeted, reason, membership, tried, replaced, not_reached };
    print(&match arguments.format {
        Format::Text => report.text(),
        Format::Json => json(&report.rows())?,
    })?;
    report.tell(zone, node);
    Ok(match (report.is_taken(), report.not_reached.is_empty()) {
        (true, _) => Exit::BadInput.into(),
        (false, false) => Exit::Unavailable.into(),
        (false, true) => ExitCode::SUCCESS,
    })
}

fn refuse_nothing(targeted: &Targeted, target: &Target, zone: &ZoneDirectory) -> Result<()> {
    if !targeted.live.is_empty() || !targeted.revoked.is_empty() {
        return Ok(());
    }
    let failure =
        Failure::new(Exit::MissingInput, format!("there is nothing to revoke for {}", target.written));
    let failure = match targeted.expired {
        0 => failure.because("no certificate of it is in issued.jsonl, the log of what this zone has issued"),
        count => failure.because(format!("its {count} certificates have expired")),
    };
    Err(failure.next(format!("see what there is: {}", zone.proposed("pki list"))))
}

fn already(targeted: &Targeted, target: &Target) -> Failure {
    let failure = Failure::bad_input(format!("{} is revoked already", target.written));
    let failure = targeted.revoked.iter().fold(failure, |failure, entry| {
        let at = entry.revoked.map(|mark| zone_pki::instant(mark.at)).unwrap_or_default();
        failure.because(format!("{} of {}, serial {}, at {at}", entry.role, entry.node, entry.serial))
    });
    failure.next("nothing is left to do; a list keeps what is on it")
}

/// Has the cluster go on without the member of a node.
fn leave(site: &Site, node: &Node) -> Result<Membership> {
    let live = Observer::new(site).observe()?;
    if live.members.iter().all(|member| member.status.is_err()) {
        return Ok(Membership::NobodyAnswers);
    }
    let member = live.members.iter().find(|member| member.node.as_ref() == Some(&node.name));
    let Some(id) = member.filter(|member| member.listed.is_some()).and_then(|member| member.id()) else {
        return Ok(Membership::None);
    };
    let credentials = Credentials::load(&site.client_generation(&ClientName::admin()))
        .map_err(|error| Failure::bad_input("cannot use the certificate of admin").because(&error))?;
    let removed = live::on_runtime(live.remove(id, &credentials, ANSWER_LIMIT))
        .map_err(|error| Failure::internal("cannot set up the connections").because(&error))?;
    match removed {
        Ok(()) => Ok(Membership::Removed),
        Err(error) => Err(Failure::new(
            Exit::Unavailable,
            format!("{} is not revoked: its member cannot leave", node.name.short()),
        )
        .because(&error)
        .because("whoever has its key would go on voting: a revocation list does not evict a member")
        .next(format!("have the other members take requests first: {}", site.proposed("status")))),
    }
}

/// A client that the zone always has gets another certificate. Any other is put aside, so that nobody renews it. Returns what
/// became of it.
fn replace_client(
    zone: &ZoneDirectory,
    authorities: &HeldAuthorities<'_>,
    target: &Target,
    now: OffsetDateTime,
) -> Result<Option<String>> {
    let Some(client) = target.client() else { return Ok(None) };
    if clients_of(&zone.config).contains(client) {
        let assessment = Assessment::of(Holder::Client(client), &zone.config, &zone.paths, authorities, now)?;
        // Nobody but this machine has its key, and without a certificate the zone could not be worked on.
        let reinstated = admit(zone, vec![assessment], OfRevoked::Reinstated)?;
        Issuer::new(zone, authorities)?.bring_up_to_date(&reinstated, now)?;
        return Ok(Some(format!(
            "{client} has a new certificate: {}",
            zone.paths.client_current(client).shown()
        )));
    }
    let directory = zone.paths.client(client);
    if !directory.exists() {
        return Ok(None);
    }
    let aside = (1_u32..).map(|number| directory.with_file_name(format!("{client}.revoked-{number}")));
    let Some(aside) = aside.into_iter().find(|path| !path.exists()) else { return Ok(None) };
    std::fs::rename(&directory, &aside).map_err(|error| Failure::write(&aside, &error))?;
    let aside = output::shell_quoted_path(&aside);
    Ok(Some(format!(
        "what was issued to {client} is in {aside} now; for another: {}",
        zone.proposed(&format!("pki issue --client {client} --reinstate"))
    )))
}
