//! `nameservice sign`: the zone document of `zone.toml`, signed by the signer of bundles.

use std::collections::BTreeSet;
use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{ShowPath, instant, regular_file};

use crate::arguments::open_zone;
use crate::cli::NameserviceSignArgs;
use crate::output::print;
use host::OutputFile;
use model::config::{NameFault, ServicePlace, ZoneDocument};
use model::error::{Exit, Failure, Result};
use model::report;
use store::zone_directory::{ZoneDocumentSigned, sign_zone_document};

pub(super) fn run(arguments: &NameserviceSignArgs, now: OffsetDateTime) -> Result<()> {
    let services = services(&arguments.addresses)?;
    let valid = valid(*arguments.valid)?;
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    let out = arguments.out.as_deref().map(destination).transpose()?;
    let held = zone.lock()?;
    let ZoneDocumentSigned { text, signed } = sign_zone_document(&zone, &held, (&services, valid), now)?;
    drop(held);
    match out {
        Some((path, out)) => {
            out.write(&text, 0o644).map_err(|error| not_handed_out(path, &error))?;
        }
        None => print(&String::from_utf8_lossy(&text))?,
    }
    report::message(&format!(
        "signed by {}, at {}, until {}",
        signed.signer().subject(),
        instant(signed.iat()),
        instant(signed.exp())
    ));
    Ok(())
}

fn services(written: &[String]) -> Result<Vec<ServicePlace>> {
    let mut seen = BTreeSet::new();
    let read = |text: &String| {
        let place = ServicePlace::parse(text).map_err(|NameFault { what, instead }| {
            Failure::new(Exit::Usage, format!("--address {text}")).because(what).next(instead)
        })?;
        if !seen.insert((place.address.clone(), place.port)) {
            return Err(Failure::new(Exit::Usage, format!("--address {text}"))
                .because("it is there twice")
                .next("name each place once"));
        }
        Ok(place)
    };
    written.iter().map(read).collect()
}

fn valid(valid: std::time::Duration) -> Result<Duration> {
    let seconds = i64::try_from(valid.as_secs()).ok().filter(|seconds| *seconds > 0);
    seconds.map(Duration::seconds).ok_or_else(|| {
        Failure::new(Exit::Usage, "--valid is no time for which a document can be valid")
            .next("write a time of at least a second, such as --valid 30d")
    })
}

/// What is there is replaced if it is a document that was signed before, and nothing else.
fn destination(path: &Path) -> Result<(&Path, OutputFile)> {
    let out = OutputFile::behind(path).and_then(OutputFile::refuse_private);
    let out = out.map_err(|error| Failure::write(path, &error))?;
    if let OutputFile::Regular(there) = &out
        && !is_document(there)
    {
        return Err(Failure::new(Exit::CannotCreate, format!("{} is there already", path.shown()))
            .because("it is no zone document, which alone is replaced")
            .next("name another file with --out, or remove it yourself"));
    }
    Ok((path, out))
}

fn is_document(path: &Path) -> bool {
    let text = regular_file::read(path).unwrap_or_default();
    ZoneDocument::parse(&text).is_ok_and(|(document, _)| document.sign.is_some())
}

/// It counts as handed out then: the next one is later.
fn not_handed_out(path: &Path, error: &std::io::Error) -> Failure {
    Failure::write(path, error).because(format!("nothing was written to {}", path.shown()))
}
