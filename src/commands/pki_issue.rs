//! `pki issue`: now, what `run` would issue at the start.

use time::OffsetDateTime;

use crate::arguments::open_zone;
use crate::cli::PkiIssueArgs;
use crate::output::BATCH;
use model::config::{ClientName, NameFault};
use model::error::{Exit, Failure, Result};
use model::report::{self, Progress, Unit};
use store::zone_directory::{Assessment, Holder, Issuer, OfRevoked, ZoneDirectory, admit, all_clients};

#[tracing::instrument(skip_all, name = "pki issue")]
pub(super) fn run(arguments: &PkiIssueArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    let clients = clients(arguments, &zone)?;
    let holders = holders(arguments, &zone, &clients)?;
    let held = zone.lock()?;
    let authorities = zone.load_or_create_authorities(now, &held)?;
    let mut issuer = Issuer::new(&zone, &authorities)?;
    let progress = Progress::begin("issuing", Unit::Of("holders"), holders.len() as u64);
    let of_revoked = OfRevoked::said(arguments.reinstate, arguments.holders.all);
    let (mut issued, mut brought) = (0, Vec::new());
    for batch in holders.chunks(BATCH) {
        let assessments = batch
            .iter()
            .map(|holder| Assessment::of(*holder, &zone.config, &zone.paths, &authorities, now))
            .collect::<Result<Vec<_>>>()?;
        let assessments = admit(&zone, assessments, of_revoked)?;
        let lacking = assessments.iter().filter(|assessment| assessment.lacks_trust_alone());
        brought.extend(lacking.map(|assessment| assessment.holder.short_name()));
        issued += issuer.bring_up_to_date(&assessments, now)?;
        progress.add(batch.len() as u64);
    }
    drop(progress);
    if !brought.is_empty() {
        report::message(&format!(
            "{}: CAs, chains and revocation lists brought up to date",
            brought.join(", ")
        ));
    }
    match issued {
        0 if brought.is_empty() => report::message("nothing to issue: all certificates are valid"),
        0 => {}
        1 => report::message("issued 1 certificate"),
        count => report::message(&format!("issued {count} certificates")),
    }
    Ok(())
}

fn clients(arguments: &PkiIssueArgs, zone: &ZoneDirectory) -> Result<Vec<ClientName>> {
    if arguments.holders.all {
        return all_clients(zone);
    }
    let parse = |name: &str| {
        let client = ClientName::parse(name)
            .map_err(|NameFault { what, instead }| Failure::new(Exit::Usage, what).next(instead))?;
        match zone.config.nodes.iter().find(|node| client.is_name_of(node)) {
            None => Ok(client),
            Some(node) => Err(Failure::new(
                Exit::Usage,
                format!("`{client}` is the name of the node {}", node.name.short()),
            )
            .because("a certificate with that name is the node's, to etcd and to `status --nodes`")
            .next("give the client another name")),
        }
    };
    arguments.holders.named().0.into_iter().map(parse).collect()
}

fn holders<'z>(
    arguments: &PkiIssueArgs,
    zone: &'z ZoneDirectory,
    clients: &'z [ClientName],
) -> Result<Vec<Holder<'z>>> {
    let mut holders = Vec::new();
    if arguments.holders.all {
        holders.extend(zone.config.nodes.iter().map(Holder::Node));
    }
    for name in arguments.holders.named().1 {
        holders.push(Holder::Node(zone.node(name)?));
    }
    holders.extend(clients.iter().map(Holder::Client));
    Ok(holders)
}
