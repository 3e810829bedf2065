//! The members by SRV records.

use std::path::Path;
use std::time::{Duration, Instant};

use zone_pki::ShowPath;

use dns::{
    HOSTS, Hosts, Limits, Published, RESOLV_CONF, RecordFault, ResolverConfig, Seeker, Seen,
    members as judge, survey,
};
use host::own_addresses;
use model::config::{ClusterSize, DnsDiscovery, LocalConfig, MemberList, Problem, Scheme};
use model::error::{Exit, Failure, Result};
use store::node_directory::Place;

use super::unsound;

/// For all questions together; each name server has its share.
const LIMIT: Duration = Duration::from_secs(10);

#[tracing::instrument(skip_all, name = "ask DNS")]
pub(super) fn members(
    dns: &DnsDiscovery,
    size: ClusterSize,
    local: &LocalConfig,
    place: &Place<'_>,
) -> Result<(MemberList, Vec<Problem>)> {
    let names = Published::names(dns.domain.clone(), dns.suffix.as_ref(), Scheme::Https);
    let source = format!("the SRV records of {}", names.services[0].owner);
    let hosts = Hosts::load().map_err(|error| Failure::read(Path::new(HOSTS), &error))?;
    let resolver = ResolverConfig::load().map_err(|error| Failure::read(Path::new(RESOLV_CONF), &error))?;
    let seen = ask(&names, &resolver)?;
    let addresses = own_addresses();
    let seeker = Seeker { zone: &local.zone_name, name: &local.name, addresses: &addresses };
    let (nodes, own) =
        judge(&names, &seen, &hosts, size, seeker).map_err(|faults| refused(&source, &faults, place))?;
    MemberList::new(own, local.zone_name.clone(), source.clone(), None, nodes)
        .map_err(|problems| unsound(&source, problems))
}

/// What the first name server says that answers all questions, as a resolver takes them one after the other.
fn ask(names: &Published, resolver: &ResolverConfig) -> Result<Seen> {
    let share = LIMIT / u32::try_from(resolver.servers.len()).unwrap_or(1).max(1);
    let mut failure = Failure::new(Exit::Unavailable, "no name server tells the members of the zone");
    for server in &resolver.servers {
        let one_try = resolver.timeout.min(share / resolver.attempts.max(1));
        let limits = Limits { deadline: Instant::now() + share, one_try, tries: resolver.attempts };
        match survey(names, *server, limits) {
            Ok(seen) => return Ok(seen),
            Err(error) => failure = failure.because(format!("{server}: {error}: {}", error.source)),
        }
    }
    Err(failure.next(format!("see that the name servers in {RESOLV_CONF} can be reached, and start again")))
}

fn refused(source: &str, faults: &[RecordFault], place: &Place<'_>) -> Failure {
    let exits = || faults.iter().map(RecordFault::exit);
    let exit = exits().find(|exit| *exit != Exit::Unavailable).unwrap_or(Exit::Unavailable);
    let failure = Failure::new(exit, format!("no cluster is founded with {source}"));
    let failure = faults.iter().fold(failure, Failure::because);
    failure.next(format!(
        "publish what `zone-etcd dns export` prints on the signing host, or correct [discovery] in {}",
        place.paths.boot_config().shown()
    ))
}
