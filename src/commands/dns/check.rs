//! `dns check`: what name servers say, against what is to be published.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{proposed, published};
use crate::arguments::open_site;
use crate::cli::{DnsCheckArgs, Format};
use crate::output::{json, print};
use dns::{
    Difference, HOSTS, Hosts, Limits, Published, RESOLV_CONF, ResolverConfig, Seen, Unanswered, compare,
    compare_hosts, survey,
};
use host::beside;
use model::error::{Cause, Exit, Failure, Result};
use model::report::shell_quoted;
use store::site::Site;

/// Of `--timeout`.
const LONGEST: Duration = Duration::from_secs(3600);

#[tracing::instrument(skip_all, name = "dns check")]
pub(super) fn run(arguments: &DnsCheckArgs) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    let published = published(&site, &arguments.names);
    let hosts = Hosts::load().map_err(|error| Failure::read(Path::new(HOSTS), &error))?;
    let resolver = ResolverConfig::load().map_err(|error| Failure::read(Path::new(RESOLV_CONF), &error))?;
    let report = Report {
        domain: published.domain.as_str(),
        servers: ask(arguments, &resolver, &published)
            .into_iter()
            .map(|(server, seen)| Server::new(server, seen, &published, &hosts))
            .collect(),
        hosts: compare_hosts(&published, &hosts),
    };
    print(&match arguments.format {
        Format::Text => report.text(&published),
        Format::Json => json(&report)?,
    })?;
    report.verdict(&site, arguments)
}

/// Each server by itself and all at the same time: where they differ, they are a split view.
fn ask(
    arguments: &DnsCheckArgs,
    resolver: &ResolverConfig,
    published: &Published,
) -> Vec<(SocketAddr, Result<Seen, Unanswered>)> {
    let servers = if arguments.server.is_empty() { &resolver.servers } else { &arguments.server };
    let (tries, limit) = (resolver.attempts, (*arguments.timeout).min(LONGEST));
    // A try that is lost leaves time for the next one, whatever resolv.conf says.
    let one_try = resolver.timeout.min(limit / tries);
    let limits = Limits { deadline: Instant::now() + limit, one_try, tries };
    thread::scope(|scope| {
        let asked: Vec<_> = servers
            .iter()
            .map(|server| (*server, beside(scope, move || survey(published, *server, limits))))
            .collect();
        asked.into_iter().map(|(server, seen)| (server, seen.join())).collect()
    })
}

/// What was found, for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Report<'p> {
    domain: &'p str,
    servers: Vec<Server>,
    /// In /etc/hosts of this host.
    hosts: Vec<Difference>,
}

#[derive(Serialize)]
struct Server {
    server: SocketAddr,
    /// Why it has not answered, the nearest cause first; empty if it has.
    error: Vec<String>,
    differences: Vec<Difference>,
}

impl Server {
    fn new(server: SocketAddr, seen: Result<Seen, Unanswered>, published: &Published, hosts: &Hosts) -> Self {
        match seen {
            Ok(seen) => Self { server, error: Vec::new(), differences: compare(published, &seen, hosts) },
            Err(error) => Self { server, error: (&error).lines(), differences: Vec::new() },
        }
    }
}

impl Report<'_> {
    fn text(&self, published: &Published) -> String {
        let mut out = String::new();
        for Server { server, error, differences } in &self.servers {
            let _ = match (error.as_slice(), differences.len()) {
                ([], 0) => writeln!(out, "{server}: all {} records are as they are to be", published.count()),
                ([], count) => writeln!(out, "{server}: {}", counted(count)),
                (causes, _) => writeln!(out, "{server}: no answer: {}", causes.join(": ")),
            };
            differences.iter().for_each(|difference| out += &line(difference));
        }
        if !self.hosts.is_empty() {
            let _ = writeln!(out, "{HOSTS}: {}", counted(self.hosts.len()));
            self.hosts.iter().for_each(|difference| out += &line(difference));
        }
        out
    }

    /// The exit code, with all that is wrong and the one next step.
    fn verdict(&self, site: &Site, arguments: &DnsCheckArgs) -> Result<()> {
        let differing = self.servers.iter().filter(|server| !server.differences.is_empty());
        let differing: Vec<String> = differing
            .map(|Server { server, differences, .. }| format!("{server}: {}", counted(differences.len())))
            .collect();
        let silent: Vec<&Server> = self.servers.iter().filter(|server| !server.error.is_empty()).collect();
        let unanswered = silent
            .iter()
            .map(|Server { server, error, .. }| format!("{server} does not answer: {}", error.join(": ")));
        let unanswered: Vec<String> = unanswered.collect();
        let local = format!("{HOSTS}: {}", counted(self.hosts.len()));
        let local = Some(local).filter(|_| !self.hosts.is_empty());
        let (exit, what, next) = if !differing.is_empty() {
            let export = proposed(site, "dns export", &arguments.names);
            let next = format!("publish these records, and no others under their names: {export}");
            (Exit::BadInput, "the records by which the zone is discovered differ from zone.toml", next)
        } else if local.is_some() {
            let check = proposed(site, "dns check", &arguments.names);
            let next = format!("correct {HOSTS} on this host, then {check}");
            (Exit::BadInput, "names of the zone have other addresses on this host", next)
        } else if let Some(first) = silent.first() {
            let check = proposed(site, "dns check", &arguments.names);
            let server = shell_quoted(&first.server.to_string());
            let next = format!("see that it runs and can be reached, then {check} --server {server}");
            (Exit::Unavailable, "a name server does not answer", next)
        } else {
            return Ok(());
        };
        let causes = differing.into_iter().chain(unanswered).chain(local);
        Err(causes.fold(Failure::new(exit, what), Failure::because).next(next))
    }
}

fn counted(differences: usize) -> String {
    if differences == 1 { "1 difference".to_owned() } else { format!("{differences} differences") }
}

fn line(difference: &Difference) -> String {
    let Difference { difference, record, expected, found, effect } = difference;
    let facts = match (expected, found) {
        (Some(expected), Some(found)) => format!("{found}, expected {expected}"),
        (Some(expected), None) => format!("expected {expected}"),
        (None, Some(found)) => found.clone(),
        (None, None) => "no address".to_owned(),
    };
    format!("  {:<17}  {record}: {facts} ({effect})\n", difference.as_str())
}
