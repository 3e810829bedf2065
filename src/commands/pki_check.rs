//! `pki check`: what is wrong with the zone's certificates and keys.

use std::process::ExitCode;

use serde::Serialize;
use time::OffsetDateTime;

use crate::arguments::open_zone;
use crate::cli::{Format, PkiListArgs};
use crate::output::{json, print};
use live::{ANSWER_LIMIT, OlderList, older_lists};
use model::error::{Exit, Result};
use model::report::{self, Table};
use store::site::proposed_lists;
use store::site::proposed_renewal;
use store::zone_directory::{Authorities, Finding, ZoneDirectory, check};

#[tracing::instrument(skip_all, name = "pki check")]
pub(super) fn run(arguments: &PkiListArgs, now: OffsetDateTime) -> Result<ExitCode> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.warn_of_abandoned();
    zone.refuse_unless_issued()?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let mut findings = check(&zone, &authorities, now)?;
    findings.extend(older_lists_in_use(&zone, &authorities));
    renew_all_at_once(&zone, &mut findings);
    match arguments.format {
        Format::Text if findings.is_empty() => {
            report::message(&format!("every certificate of {} is in order", zone.config.name))
        }
        Format::Text => print(&table(&findings))?,
        Format::Json => print(&json(&findings.iter().map(Row::new).collect::<Vec<_>>())?)?,
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { Exit::BadInput.into() })
}

/// What is old is renewed by one command, whatever it is and wherever.
fn renew_all_at_once(zone: &ZoneDirectory, findings: &mut [Finding]) {
    let old = findings.iter().filter(|finding| finding.is_old);
    let renewal = proposed_renewal(zone, &old.map(|finding| finding.holder.as_str()).collect());
    findings
        .iter_mut()
        .filter(|finding| finding.is_old)
        .for_each(|finding| finding.next.clone_from(&renewal));
}

/// What members do with what was revoked; of those that do not answer nothing is said.
fn older_lists_in_use(zone: &ZoneDirectory, authorities: &Authorities) -> Vec<Finding> {
    let serving = authorities.serving_members(&zone.config);
    // A CA that cannot be used was told of.
    let older = older_lists(zone, authorities, &serving, ANSWER_LIMIT).unwrap_or_default();
    let finding = |OlderList { member, plane }| Finding {
        what: format!("its member uses an older revocation list on the {} plane", plane.name()),
        next: proposed_lists(zone, &member),
        role: "trust".to_owned(),
        is_old: false,
        holder: member,
    };
    older.into_iter().map(finding).collect()
}

fn table(findings: &[Finding]) -> String {
    let mut table = Table::new(&["node", "role", "finding", "next"]);
    for Finding { holder, role, what, next, .. } in findings {
        table.row([holder.clone(), role.clone(), what.clone(), next.clone()]);
    }
    table.render()
}

/// A finding for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'a> {
    node: &'a str,
    role: &'a str,
    finding: &'a str,
    next: &'a str,
}

impl<'a> Row<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self { node: &finding.holder, role: &finding.role, finding: &finding.what, next: &finding.next }
    }
}
