//! The way to the other members, and what they say.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::answers::Answers;
use super::{NAMES_LIMIT, NodeCheck};
use crate::rules::forwards;
use crate::rules::peers::{self, Own, StepsOfPeer};
use crate::rules::source::{self, Route};
use crate::{CheckId, Finding, Verdict};
use etcd::tls::{DialError, PeerAnswer};
use host::OwnMember;
use model::plan::{Forward, MemberPlan, Plane};

impl NodeCheck<'_> {
    pub(super) fn source(&self, resolved: &BTreeMap<String, Result<Vec<IpAddr>, String>>) -> Vec<Finding> {
        let stem = self.presented().stem;
        let Some(leaf) = self.files.leaf(stem) else { return Vec::new() };
        let routes = self.routes(resolved);
        let none = BTreeMap::new();
        let is_refused =
            |route: &Route| source::admission(leaf, route.from, &none) == source::Admission::Refused;
        // A name server is asked only where its answer matters.
        let by_name = if routes.iter().any(is_refused) { addresses_of_names(leaf) } else { none };
        source::judge(self.node, &format!("{stem}.crt"), leaf, &routes, &by_name, &self.remedies.issue)
    }

    fn routes(&self, resolved: &BTreeMap<String, Result<Vec<IpAddr>, String>>) -> Vec<Route> {
        let mut routes = Vec::new();
        for peer in self.peers() {
            let addresses = match peer.target.host.parse::<IpAddr>() {
                Ok(ip) => vec![ip],
                Err(_) => resolved.get(&peer.target.host).cloned().and_then(Result::ok).unwrap_or_default(),
            };
            for to in addresses {
                // Without a route there is no address; that the peer is not reached is told elsewhere.
                if let Ok(from) = host::source_towards(SocketAddr::new(to, peer.target.port)) {
                    routes.push(Route { peer: peer.node.clone(), to, from });
                }
            }
        }
        routes
    }

    pub(super) fn others<'a>(&self, answers: &'a [PeerAnswer]) -> Vec<&'a PeerAnswer> {
        answers.iter().filter(|answer| answer.peer.node != self.node.name.short()).collect()
    }

    /// A member that holds its ports and says nothing: to all others it is down.
    pub(super) fn judge_own(&self, own: &OwnMember, asked: &Answers) -> Option<Finding> {
        let answers = asked.peers.as_ref()?.as_ref().ok()?;
        let answer = answers.iter().find(|answer| answer.peer.node == self.node.name.short())?;
        let Err(error @ DialError::TimedOut(_)) = &answer.probe.reply else { return None };
        let pid = own.pid;
        let finding = Finding::new(
            CheckId::PeerReachable,
            Verdict::Unreachable,
            format!("{} at {}", answer.peer.node, answer.peer.url),
            format!("its own member, process {pid}, holds the port: {error}"),
        );
        Some(finding.remedy(format!("see what it logs, and whether it was stopped: kill -CONT {pid}")))
    }

    pub(super) fn judge_peers(
        &self,
        member: &MemberPlan,
        asked: &Answers,
        faults: Vec<(String, Option<String>)>,
    ) -> Vec<Finding> {
        let settings = &member.settings;
        let answers: Vec<&PeerAnswer> = match &asked.peers {
            None => return Vec::new(),
            Some(Ok(answers)) => self.others(answers),
            Some(Err(why)) => {
                return vec![
                    Finding::new(CheckId::PeerReachable, Verdict::Note, "peers", format!("not asked: {why}"))
                        .remedy(self.remedies.issue.clone()),
                ];
            }
        };
        let of_clients = self.files.plane(Plane::Client).and_then(|files| files.authorities.as_deref().ok());
        let own = Own {
            of_clients: of_clients.unwrap_or_default(),
            file: self.presented().certificate_file(),
            faults,
            revocations: self.files.plane(Plane::Peer).and_then(|files| files.revocations.as_ref().ok()),
        };
        let forward_to = |node: &str| Forward::to(self.site.config().node(node)?, Plane::Peer);
        let judge = |answer: &PeerAnswer| {
            let node = answer.peer.node.as_str();
            let (renew, run) = (self.site.proposed_renewal(node), self.site.proposed_on("run", node));
            let forward = forward_to(node).map(|forward| forward.gateway_line());
            peers::judge(answer, &own, &StepsOfPeer { renew, run, forward }, self.now)
        };
        let through = |answer: &&PeerAnswer| {
            Some(forwards::judge(&forward_to(&answer.peer.node)?, &answer.probe.reply))
        };
        let mut findings: Vec<Finding> = answers.iter().filter_map(through).collect();
        findings.extend(asked.forwards.iter().map(|(forward, probe)| forwards::judge(forward, &probe.reply)));
        findings.extend(answers.iter().copied().flat_map(judge));
        let replies = || {
            answers.iter().filter_map(|answer| Some((&answer.peer.node, answer.probe.reply.as_ref().ok()?)))
        };
        let mut versions: Vec<(String, String)> =
            replies().filter_map(|(node, reply)| Some((node.clone(), peers::version_of(reply)?))).collect();
        if !versions.is_empty() {
            versions.push((self.node.name.short().to_owned(), self.version().to_string()));
        }
        findings.extend(peers::versions(&versions));
        let round_trips: Vec<(String, Duration)> =
            replies().map(|(node, reply)| (node.clone(), reply.connected_after)).collect();
        findings.extend(peers::timing(&round_trips, settings.heartbeat, settings.election));
        findings
    }
}

/// The addresses of a certificate's DNS names, as they resolve here. `localhost` resolves to this machine on
/// every machine.
fn addresses_of_names(leaf: &zone_pki::Certificate) -> BTreeMap<String, Vec<IpAddr>> {
    let names = leaf.names().iter().filter_map(|name| match name {
        zone_pki::SubjectAltName::Dns(name) if name != "localhost" && !name.starts_with('*') => {
            Some(name.clone())
        }
        _ => None,
    });
    let resolved = host::resolve(names, NAMES_LIMIT);
    resolved.into_iter().filter_map(|(name, addresses)| Some((name, addresses.ok()?))).collect()
}

/// What may make a peer refuse this node, the likeliest first.
pub(super) fn likely_reasons(
    earlier: &[Finding],
    source: &[Finding],
    stem: &str,
) -> Vec<(String, Option<String>)> {
    let about_it = |finding: &&Finding| {
        finding.verdict == Verdict::Failed
            && match finding.check {
                CheckId::RevocationList => finding.subject.ends_with(Plane::Peer.revocation_file()),
                CheckId::CertificateValidity | CheckId::CertificateUsage | CheckId::CertificateChain => {
                    finding.subject == format!("{stem}.crt")
                }
                _ => false,
            }
    };
    let of_source =
        source.iter().filter(|finding| matches!(finding.verdict, Verdict::Failed | Verdict::Note));
    earlier
        .iter()
        .filter(about_it)
        .chain(of_source)
        .map(|finding| {
            let what = match finding.check {
                CheckId::SourceAddress => finding.found.clone(),
                _ => format!("{}: {}", finding.subject, finding.found),
            };
            (what, finding.remedy.clone())
        })
        .collect()
}
