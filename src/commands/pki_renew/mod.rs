//! `pki renew`: new keys and certificates, one holder after the other, each seen to be in use before the next.

pub(super) mod proof;
mod report;
mod selection;

use time::OffsetDateTime;
use zone_pki::{Certificate, Generation};

use super::doctor::ask_zone;
use super::{json, open_zone, print};
use crate::cli::{Format, PkiRenewArgs};
use crate::config::Node;
use crate::error::{Failure, Result};
use crate::live::LiveZone;
use crate::plan::IssueReason;
use crate::report as output;
use crate::site::Site;
use crate::zone_directory::{Assessment, Authorities, Entry, Holder, Issuer, Verdict, ZoneDirectory};
use report::{Row, Served};
use selection::Selection;

pub(super) fn run(arguments: &PkiRenewArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let site = Site::Zone(zone);
    let Site::Zone(zone) = &site else { return Err(Failure::internal("a zone that is none")) };
    let selection = Selection::read(arguments, zone)?;
    // Members that do not answer now are not asked afterwards either.
    let live = ask_zone(&site, now)?;
    let mut rows = Vec::new();
    for holder in selection.holders() {
        match renew(&site, zone, holder, &selection, &live, now) {
            Ok(renewed) => rows.extend(renewed),
            Err(failure) => {
                // What was renewed before is in use.
                tell(&rows, arguments.format)?;
                return Err(failure);
            }
        }
    }
    tell(&rows, arguments.format)?;
    if rows.is_empty() {
        output::message("nothing to renew: no certificate is of that role, or that near to its end");
    }
    let bundled: Vec<&str> =
        selection.nodes().map(|node| node.name.short()).filter(|name| zone.has_bundled(name)).collect();
    if !bundled.is_empty() && !rows.is_empty() {
        output::message(&format!(
            "next: nodes with a directory of their own have theirs when they activate new bundles: {}",
            zone.proposed(&format!("bundle {} --out DIR", bundled.join(" ")))
        ));
    }
    Ok(())
}

fn tell(rows: &[Row], format: Format) -> Result<()> {
    match format {
        Format::Json => print(&json(&rows)?),
        Format::Text if rows.is_empty() => Ok(()),
        Format::Text => print(&report::text(rows)),
    }
}

/// Renews one holder, and puts back what it had if that does not work.
fn renew(
    site: &Site,
    zone: &ZoneDirectory,
    holder: Holder<'_>,
    selection: &Selection<'_>,
    live: &LiveZone,
    now: OffsetDateTime,
) -> Result<Vec<Row>> {
    let held = zone.lock()?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let mut assessment = Assessment::of(holder, &zone.config, &zone.paths, &authorities, now)?;
    let name = holder.short_name();
    assessment.refuse_keys_elsewhere(format!(
        "on {name}: zone-etcd pki csr --new-keys > {name}.csr; then here: zone-etcd pki sign {name}.csr"
    ))?;
    assessment
        .issue_where(&IssueReason::Requested, |role, certificate| selection.takes(role, certificate, now));
    let due: Vec<usize> = positions(&assessment.entries, |entry| matches!(entry.verdict, Verdict::Issue(_)));
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let before = assessment.current.clone();
    let store = assessment.store.clone();
    let roles: Vec<&'static crate::plan::Role> =
        due.iter().map(|index| assessment.entries[*index].role).collect();
    Issuer::new(zone, &authorities, &held)?.bring_up_to_date(&[assessment], now)?;
    let after = store
        .current()
        .map_err(|error| Failure::bad_input(format!("cannot read what {name} has now")).because(&error))?;
    let Some(after) = after else { return Err(Failure::internal("nothing was issued")) };
    let served = match member_of(holder, live) {
        None => Served::NotAsked,
        Some(node) => {
            let proved = proof::prove(site, zone, &authorities, node, &after, now)?;
            if let Err(why) = proved {
                return Err(put_back(&store, before.as_ref(), &name, why));
            }
            Served::Proved
        }
    };
    roles
        .into_iter()
        .map(|role| {
            let old =
                before.as_ref().and_then(|generation| leaf(generation, role)).map(|leaf| leaf.serial_hex());
            let new = leaf(&after, role).ok_or_else(|| Failure::internal("a certificate was not issued"))?;
            Ok(Row::new(&name, role.name, old, &new, served))
        })
        .collect()
}

/// The node of a member that answers.
fn member_of<'n>(holder: Holder<'n>, live: &LiveZone) -> Option<&'n Node> {
    let Holder::Node(node) = holder else { return None };
    let answers =
        live.members.iter().any(|member| member.node.as_ref() == Some(&node.name) && member.status.is_ok());
    (node.member && answers).then_some(node)
}

fn put_back(
    store: &zone_pki::GenerationStore,
    before: Option<&Generation>,
    name: &str,
    why: String,
) -> Failure {
    let failure = Failure::bad_input(format!("the new certificates of {name} are not in use")).because(why);
    let Some(before) = before else {
        return failure.next("there are none to go back to: look at what etcd logs");
    };
    match store.switch_to(before) {
        Ok(()) => failure
            .because(format!("generation {} is in use again, as before", before.number))
            .next("mend what is said above, and run the command again; nobody after it was renewed"),
        Err(error) => failure.because(&error).next(format!(
            "put the old ones back: ln -sfn gen-{} current, in {}",
            before.number,
            store.directory().display()
        )),
    }
}

fn leaf(generation: &Generation, role: &crate::plan::Role) -> Option<Certificate> {
    let text = generation.read(&role.certificate_file()).ok()?;
    Certificate::from_pem(&text).ok()
}

fn positions(entries: &[Entry], wanted: impl Fn(&Entry) -> bool) -> Vec<usize> {
    entries.iter().enumerate().filter(|(_, entry)| wanted(entry)).map(|(index, _)| index).collect()
}
