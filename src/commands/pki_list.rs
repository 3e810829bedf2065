//! `pki list`: every certificate of the zone.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::arguments::open_zone;
use crate::cli::{Format, PkiListArgs};
use crate::output::{json, print};
use model::error::Result;
use model::plan::days_left;
use model::report::{Table, human_names};
use store::zone_directory::{Authorities, Listed, list};

#[tracing::instrument(skip_all, name = "pki list")]
pub(super) fn run(arguments: &PkiListArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let listed = list(&zone, &authorities, now)?;
    print(&match arguments.format {
        Format::Text => table(&listed, now),
        Format::Json => json(&listed.iter().map(|listed| Row::new(listed, now)).collect::<Vec<_>>())?,
    })
}

fn table(listed: &[Listed], now: OffsetDateTime) -> String {
    let mut table = Table::new(&["role", "node", "days left", "subject", "issuer", "names"]);
    for Listed { role, holder, certificate } in listed {
        table.row(match certificate {
            Some(certificate) => [
                role.clone(),
                holder.clone(),
                days_left(certificate, now).to_string(),
                certificate.subject().to_owned(),
                certificate.issuer().to_owned(),
                if certificate.is_authority() { String::new() } else { human_names(certificate.names()) },
            ],
            None => [
                role.clone(),
                holder.clone(),
                "not issued".to_owned(),
                String::new(),
                String::new(),
                String::new(),
            ],
        });
    }
    table.render()
}

/// A row for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Row<'a> {
    role: &'a str,
    node: &'a str,
    issued: bool,
    subject: Option<&'a str>,
    names: Vec<String>,
    issuer: Option<&'a str>,
    serial: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    days_left: Option<i64>,
    sha256: Option<String>,
}

impl<'a> Row<'a> {
    fn new(listed: &'a Listed, now: OffsetDateTime) -> Self {
        let certificate = listed.certificate.as_ref();
        let rfc3339 = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
        Self {
            role: &listed.role,
            node: &listed.holder,
            issued: certificate.is_some(),
            subject: certificate.map(|certificate| certificate.subject()),
            names: certificate
                .map(|certificate| certificate.names().iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            issuer: certificate.map(|certificate| certificate.issuer()),
            serial: certificate.map(|certificate| certificate.serial_hex()),
            not_before: certificate.map(|certificate| rfc3339(certificate.not_before())),
            not_after: certificate.map(|certificate| rfc3339(certificate.not_after())),
            days_left: certificate.map(|certificate| days_left(certificate, now)),
            sha256: certificate.map(|certificate| zone_pki::hex::encode(&certificate.fingerprint_sha256())),
        }
    }
}
