//! `sync`: this node activates the bundles that wait for it in the zone's etcd, and answers.

use std::path::PathBuf;

use crate::arguments::identity_of_file;
use crate::cli::{Format, SyncArgs};
use crate::output::{json, print};
use model::error::{Failure, Result};
use model::report;
use operations::sync::{Heard, NodeSync, Synced, recipient_of, watch};
use store::site::DEFAULT_CONFIG;

#[tracing::instrument(skip_all, name = "sync")]
pub(super) fn run(arguments: &SyncArgs) -> Result<()> {
    let variable = std::env::var_os("ZONE_ETCD_CONFIG").filter(|value| !value.is_empty());
    let named = arguments.config.clone().or(variable.map(PathBuf::from));
    let config = named.unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    let site = NodeSync::open(&config)?;
    site.report_warnings();
    // The key of a host is root's alone: it is read before root is given up.
    let identity = arguments.identity.as_deref();
    let identity = identity.map(identity_of_file).transpose()?;
    site.act_as_owner()?;
    if arguments.print_recipient {
        return print(&format!("{}\n", recipient_of(&site)?));
    }
    let (timeout, restarts) = (arguments.timeout.into(), !arguments.no_restart);
    let sync = NodeSync { config, identity, timeout, restarts };
    let format = arguments.format;
    if arguments.watch {
        return watch(sync, move |heard| tell_again(&heard, format));
    }
    let mut synced = sync.once()?;
    match format {
        Format::Text => tell(&synced),
        Format::Json => print(&json(&synced)?)?,
    }
    synced.failure.take().map_or(Ok(()), Err)
}

fn tell(synced: &Synced) {
    let Synced { node, sequence, restart_reasons, .. } = synced;
    if synced.sequence == 0 {
        return;
    }
    if synced.activated.is_empty() && synced.refused.is_empty() {
        report::message(&format!("{node} is up to date: bundle {sequence} is in use"));
    }
    if !restart_reasons.is_empty() {
        report::message(&format!(
            "its member runs with what was before: restart it, since {}",
            restart_reasons.join(" and ")
        ));
    }
}

/// With `--watch`: what has changed, and what failed, which ends nothing.
fn tell_again(heard: &Heard<'_>, format: Format) {
    let failure: Option<&Failure> = match heard {
        Heard::Synced(synced) => synced.failure.as_ref(),
        Heard::Failed(failure) => Some(failure),
    };
    if let (Heard::Synced(synced), Format::Json) = (heard, format) {
        // A reader that is gone ends nothing either.
        let _ = report::json_line(synced).map(|line| report::stream(&line));
    }
    if let (Heard::Synced(synced), Format::Text) = (heard, format)
        && (!synced.activated.is_empty() || synced.restarted.is_some())
    {
        tell(synced);
    }
    if let Some(failure) = failure {
        report::warning(&failure.to_string());
        if let Some(next) = &failure.next {
            report::message(&format!("next: {next}"));
        }
    }
}
