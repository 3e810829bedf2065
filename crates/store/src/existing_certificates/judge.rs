//! What is wrong with certificates that were made elsewhere. Pure.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use time::OffsetDateTime;
use zone_pki::go::{self, covers};
use zone_pki::rules::{self, Rule};
use zone_pki::{Certificate, RevocationList, Usage, Usages, instant};

use super::plane::ReadPlane;
use super::{Expected, Fault, PlaneSources, Source};
use etcd::tls::hostname::host_of;
use etcd::tls::{KeyPair, Trust, handshake};
use model::plan::Plane;

/// Every fault of the certificates of a plane that could be read.
pub(super) fn plane(
    plane: Plane,
    read: &ReadPlane,
    sources: &PlaneSources,
    expected: &Expected<'_>,
    now: OffsetDateTime,
    faults: &mut Vec<Fault>,
) {
    let before = faults.len();
    for authority in
        read.authorities.iter().filter(|certificate| certificate.fault(&[Rule::Anchor]).is_some())
    {
        let what = format!("{} holds {}, which is no CA", sources.authority, authority.subject());
        faults.push(Fault::new(what, "leave nothing but CAs in it"));
    }
    if let (Some(list), Some(source)) = (&read.revocations, &sources.revocations) {
        revocations(read, list, source, sources, faults);
    }
    let Some(leaf) = read.chain.first() else { return };
    validity(leaf, &sources.certificate, now, faults);
    // A member dials its peers with the certificate that it serves them, and its REST gateway dials the
    // member itself with the one that it serves clients (`server/embed/etcd.go`).
    let wanted = Usages { server: true, client: plane == Plane::Peer || expected.gateway };
    usages(plane, wanted, leaf, &sources.certificate, expected, faults);
    let url = match plane {
        Plane::Peer => &expected.peer_url,
        Plane::Client => &expected.client_url,
    };
    let host = host_of(url).unwrap_or_default();
    if !covers(leaf, host) {
        let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
        let who = match plane {
            Plane::Peer => "other members dial",
            Plane::Client => "clients dial",
        };
        let what = format!("{} does not cover {host}, and {who} {url}", sources.certificate);
        faults.push(Fault::new(what, format!("have it made with subjectAltName={kind}:{host}")));
    }
    if !read.authorities.is_empty() {
        chain(read, sources, now, faults);
    }
    // What none of these has found may still be refused, a wrong signature above all.
    if faults.len() == before && !read.authorities.is_empty() {
        accepted(read, sources, wanted, host, now).map_err(|fault| faults.push(fault)).ok();
    }
}

/// Whether etcd accepts the chain, which is what Go says of it, and then whether our own connections do.
fn accepted(
    read: &ReadPlane,
    sources: &PlaneSources,
    usages: Usages,
    host: &str,
    now: OffsetDateTime,
) -> Result<(), Fault> {
    go::verify(&read.chain, &read.authorities, usages, Some(host), now).map_err(|refusal| {
        let what = format!("etcd would refuse {}: {refusal}", sources.certificate);
        Fault::new(what, refusal.rule.remedy)
    })?;
    let Some((pair, trust)) = read.for_tls().filter(|_| usages.client) else { return Ok(()) };
    rehearse(pair, trust, host).map_err(|error| {
        let what = format!(
            "etcd would accept {}, and zone-etcd's own connections, which rustls verifies, would not: \
             {error}",
            sources.certificate
        );
        Fault::new(what, "have it issued without that; the list: zone-etcd explain existing-certificates")
    })
}

/// What does not keep a member from starting.
pub(super) fn warnings(client: &ReadPlane, sources: &PlaneSources) -> Vec<String> {
    let on_node = |leaf: &&Certificate| !covers(leaf, "127.0.0.1");
    let warning = |_| {
        format!(
            "{} does not cover 127.0.0.1: programs on this node have to dial its address",
            sources.certificate
        )
    };
    client.chain.first().filter(on_node).map(warning).into_iter().collect()
}

fn validity(certificate: &Certificate, source: &Source, now: OffsetDateTime, faults: &mut Vec<Fault>) {
    let subject = certificate.subject();
    let (what, remedy) = match certificate.fault(&[Rule::Valid(now)]) {
        None => return,
        Some(rules::Fault::NotYetValid(begin)) => (
            format!("{source} is not valid yet: {subject} is from {}", instant(begin)),
            "set this machine's clock; if it is right, wait",
        ),
        Some(_) => (
            format!("{source} has expired: {subject} was valid until {}", instant(certificate.not_after())),
            "have it issued again, or set this machine's clock if it is wrong",
        ),
    };
    faults.push(Fault::new(what, remedy));
}

/// etcd compares the serial numbers of a list alone, so one of another CA would let in who was revoked.
fn revocations(
    read: &ReadPlane,
    list: &RevocationList,
    source: &Source,
    sources: &PlaneSources,
    faults: &mut Vec<Fault>,
) {
    if read.authorities.is_empty() {
        return;
    }
    let Err(error) = list.verify(&read.authorities) else { return };
    let what = format!("{source} cannot be used with {}: {error}", sources.authority);
    let issuers: Vec<&str> = read.authorities.iter().map(Certificate::subject).collect();
    faults.push(Fault::new(what, format!("have {} issue it", issuers.join(" or "))));
}

fn usages(
    plane: Plane,
    wanted: Usages,
    leaf: &Certificate,
    source: &Source,
    expected: &Expected<'_>,
    faults: &mut Vec<Fault>,
) {
    let Some(rules::Fault::UsageMissing(missing)) = leaf.fault(&[Rule::Allows(wanted)]) else { return };
    for usage in missing.iter() {
        let (name, why) = match (usage, plane) {
            (Usage::Server, Plane::Peer) => ("serverAuth", "other members dial it"),
            (Usage::Server, Plane::Client) => ("serverAuth", "clients dial it"),
            (Usage::Client, Plane::Peer) => ("clientAuth", "the member dials other members with it"),
            (Usage::Client, Plane::Client) => ("clientAuth", "the REST gateway dials the member with it"),
        };
        let or = match (usage, plane) {
            (Usage::Client, Plane::Client) if expected.has_flags => {
                ", or write enable-grpc-gateway = false in [etcd.flags]"
            }
            _ => "",
        };
        let what =
            format!("{source} lacks the extended key usage {name} for the {} plane: {why}", plane.name());
        faults
            .push(Fault::new(what, format!("have it made with extendedKeyUsage=serverAuth,clientAuth{or}")));
    }
}

/// Follows the issuers from the leaf, by name, to a CA that is trusted. An intermediate can be in either
/// file: what is in `ca` is trusted as it is.
fn chain(read: &ReadPlane, sources: &PlaneSources, now: OffsetDateTime, faults: &mut Vec<Fault>) {
    let mut current = &read.chain[0];
    let mut seen = vec![current];
    loop {
        let issued = |above: &&Certificate| above.subject_der() == current.issuer_der();
        if let Some(anchor) = read.authorities.iter().find(issued) {
            return validity(anchor, &sources.authority, now, faults);
        }
        // A CA that changes its key has a certificate of its own name above the new one.
        let next = read.chain[1..].iter().find(|above| issued(above) && !seen.contains(above));
        let Some(intermediate) = next else { break };
        validity(intermediate, &sources.certificate, now, faults);
        seen.push(intermediate);
        current = intermediate;
    }
    let issuer = current.issuer();
    let what = format!(
        "the chain of {} is incomplete: {} was issued by {issuer}, which is neither in it nor in {}",
        sources.certificate,
        current.subject(),
        sources.authority
    );
    faults.push(Fault::new(what, format!("append the certificate of {issuer} to the one or the other")));
}

/// Two members with this certificate, one dialling the other.
fn rehearse(pair: &KeyPair, trust: &Trust, host: &str) -> Result<(), String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let (client, _) = trust.client(Some(pair)).map_err(|error| error.to_string())?;
    let server = trust.server(pair).map_err(|error| error.to_string())?;
    handshake(Arc::new(client), Arc::new(server), name).map_err(|error| error.to_string())
}
