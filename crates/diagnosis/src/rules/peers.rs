//! The other members, as they answer this one.

use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::{Certificate, RevocationList, Rule, instant};

use super::shown;
use crate::{CheckId, Finding, Verdict};
use etcd::tls::{DialError, PeerAnswer, Reply, Stage};
use model::config::EtcdVersion;
use model::plan::days_left;

/// A difference of clocks that the seconds of a header can show for certain.
const CLOCK_NOTE: time::Duration = time::Duration::seconds(2);
/// Certificates begin so long before they are issued.
const CLOCK_FAILED: time::Duration = time::Duration::minutes(5);

/// What is known of this node, for the reasons why a peer may refuse it.
#[derive(Debug, Default)]
pub struct Own<'a> {
    /// The file of the certificate that it shows to peers: `peer.crt` or `peer-client.crt`.
    pub file: String,
    /// What is wrong with it, by the checks before: what was found, and the remedy.
    pub faults: Vec<(String, Option<String>)>,
    pub revocations: Option<&'a RevocationList>,
    /// The CAs of the client plane, by which a port for clients gives itself away.
    pub of_clients: &'a [Certificate],
}

#[derive(Clone, Debug)]
pub struct StepsOfPeer {
    /// How it gets other certificates.
    pub renew: String,
    /// How its member is started, on its machine.
    pub run: String,
    /// The line for the gateway of this host that leads to it, if it is behind one.
    pub forward: Option<String>,
}

pub fn judge(answer: &PeerAnswer, own: &Own<'_>, steps: &StepsOfPeer, now: OffsetDateTime) -> Vec<Finding> {
    let node = answer.peer.node.as_str();
    let mut findings = match &answer.probe.reply {
        Ok(reply) => answered(answer, reply, own, steps, now),
        Err(error) => vec![failed(answer, error, own, steps)],
    };
    // A server shows its certificate before it refuses ours.
    if answer.probe.reply.is_err()
        && !matches!(answer.probe.reply, Err(DialError::Untrusted(_)))
        && let Some(finding) = certificate(answer, own, steps, now)
    {
        findings.push(finding);
    }
    for finding in &mut findings {
        finding.subject = match finding.subject.as_str() {
            "" => format!("{node} at {}", answer.peer.url),
            more => format!("{node} at {}: {more}", answer.peer.url),
        };
    }
    findings
}

fn answered(
    answer: &PeerAnswer,
    reply: &Reply,
    own: &Own<'_>,
    steps: &StepsOfPeer,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let Some(version) = version_of(reply) else {
        return vec![
            Finding::new(
                CheckId::PeerReachable,
                Verdict::Failed,
                "",
                format!("its answer, with status {}, is not one of etcd's", reply.status),
            )
            .remedy(format!("look what serves at {}", answer.peer.url)),
        ];
    };
    let found = format!("etcd {version}, round trip {}", shown(reply.connected_after));
    let mut findings = vec![Finding::passed(CheckId::PeerReachable, "", found)];
    findings.extend(certificate(answer, own, steps, now));
    findings.push(Finding::passed(
        CheckId::PeerAdmission,
        "",
        format!("it takes {} from {}", own.file, reply.local),
    ));
    findings.extend(clock(answer, reply));
    findings
}

pub fn version_of(reply: &Reply) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
    body.get("etcdserver")?.as_str().filter(|_| reply.status == 200).map(str::to_owned)
}

fn failed(answer: &PeerAnswer, error: &DialError, own: &Own<'_>, steps: &StepsOfPeer) -> Finding {
    let node = &answer.peer.node;
    let unreachable = |remedy: String| {
        Finding::new(CheckId::PeerReachable, Verdict::Unreachable, "", error.to_string()).remedy(remedy)
    };
    let strange = |remedy: String| {
        Finding::new(CheckId::PeerReachable, Verdict::Failed, "", error.to_string()).remedy(remedy)
    };
    match error {
        DialError::Refused(_) if let Some(line) = &steps.forward => {
            unreachable(format!("have the gateway of this host forward it: {line}"))
        }
        DialError::Refused(_) => unreachable(format!("start its member, on {node}: {}", steps.run)),
        DialError::Name { host, .. } => {
            unreachable(format!("make {host} known to the name server or in /etc/hosts"))
        }
        DialError::TimedOut(Stage::Resolve) => unreachable("see that the name server answers".to_owned()),
        DialError::TimedOut(Stage::Connect) | DialError::Unreachable { .. } => unreachable(format!(
            "see that {node} is up, and that routes and firewalls let this machine reach {}",
            answer.peer.url
        )),
        DialError::TimedOut(Stage::Handshake) if steps.forward.is_some() => unreachable(format!(
            "see that the gateway of this host reaches that of {node}; wait, if the member is just starting"
        )),
        DialError::Closed(Stage::Handshake) if steps.forward.is_some() => unreachable(format!(
            "start its member, on {node}: {}; if it runs, see that the gateway of this host reaches that of \
             {node}",
            steps.run
        )),
        DialError::TimedOut(Stage::Handshake) => unreachable(format!(
            "wait, if the member of {node} is just starting; else look there what listens on that port"
        )),
        DialError::TimedOut(Stage::Reply) => {
            unreachable(format!("look at the load and the log of etcd on {node}"))
        }
        DialError::Io(_) => unreachable(format!("see that {node} is up")),
        DialError::Closed(Stage::Reply) => refused(
            "it closes the connection after the handshake, as etcd does with a certificate that is revoked, \
             or whose names do not have the address that the connection comes from"
                .to_owned(),
            node,
            own,
        ),
        DialError::Alert(_) => refused(error.to_string(), node, own),
        DialError::Untrusted(_) if is_of_clients(answer, own) => Finding::new(
            CheckId::PeerReachable,
            Verdict::Failed,
            "",
            "its port for clients answers there: the certificate is one of the client plane",
        )
        .remedy(format!(
            "compare client_port and peer_port of {node} in zone.toml with the ports on which its etcd \
             listens, and with what forwards to them"
        )),
        DialError::Untrusted(_) => {
            Finding::new(CheckId::PeerCertificate, Verdict::Failed, "", error.to_string())
                .remedy(format!("have it replaced: {}", steps.renew))
        }
        // A start that waits for its turn does that, for seconds; something else may do it for ever.
        DialError::Closed(_) => unreachable(format!(
            "run this again: a start on {node} may be waiting for its turn; else look there what listens on \
             that port"
        )),
        DialError::NotTls(_) | DialError::NotHttp | DialError::TooLong => strange(format!(
            "look on {node} what listens there: it is not the peer port of a member of this zone"
        )),
    }
}

fn is_of_clients(answer: &PeerAnswer, own: &Own<'_>) -> bool {
    let leaf = answer.probe.chain.first().and_then(|der| Certificate::from_der(der).ok());
    leaf.is_some_and(|leaf| own.of_clients.iter().any(|authority| leaf.names_issuer(authority)))
}

/// A peer refuses this node: what was found wrong with its certificate before is the reason, as far as can be
/// told.
fn refused(found: String, node: &str, own: &Own<'_>) -> Finding {
    let finding = |found: String| Finding::new(CheckId::PeerAdmission, Verdict::Failed, "", found);
    match own.faults.first() {
        Some((fault, remedy)) => {
            let finding = finding(format!("{found}; the likely reason: {fault}"));
            match remedy {
                Some(remedy) => finding.remedy(remedy.clone()),
                None => finding,
            }
        }
        None => finding(format!("{found}; here {} looks as it should", own.file)).remedy(format!(
            "look for `rejected connection on peer endpoint` in the log of etcd on {node}: zone-etcd doctor \
             --log FILE"
        )),
    }
}

/// The certificate that it serves. The handshake has verified it already, but for the revocation list and the
/// days left.
fn certificate(
    answer: &PeerAnswer,
    own: &Own<'_>,
    steps: &StepsOfPeer,
    now: OffsetDateTime,
) -> Option<Finding> {
    let leaf = Certificate::from_der(answer.probe.chain.first()?).ok()?;
    let check = CheckId::PeerCertificate;
    if own.revocations.is_some_and(|list| list.lists(&leaf)) {
        return Some(
            Finding::new(check, Verdict::Failed, "", "it is on the revocation list that this node has")
                .remedy(steps.renew.clone()),
        );
    }
    if leaf.fault(&[Rule::Young(now)]).is_some() {
        let found = format!("{} days left, less than a third of its life", days_left(&leaf, now));
        return Some(Finding::new(check, Verdict::Warning, "", found).remedy(steps.renew.clone()));
    }
    Some(Finding::passed(check, "", format!("{} days left", days_left(&leaf, now))))
}

/// The peer's clock, which an answer tells to the second. Only a difference that this shows for certain
/// counts.
fn clock(answer: &PeerAnswer, reply: &Reply) -> Option<Finding> {
    let check = CheckId::PeerClock;
    let said = reply.date()?;
    let at_least = said - answer.probe.answered_at;
    let at_most = said + time::Duration::seconds(1) - answer.probe.asked_at;
    let (ahead, off) = if at_least > time::Duration::ZERO {
        (true, at_least)
    } else if at_most < time::Duration::ZERO {
        (false, -at_most)
    } else {
        (true, time::Duration::ZERO)
    };
    let verdict = match off {
        off if off >= CLOCK_FAILED => Verdict::Failed,
        off if off > CLOCK_NOTE => Verdict::Note,
        _ => return Some(Finding::passed(check, "", "as this machine's, to the second")),
    };
    let found = format!(
        "it says {}, {} s {} this machine's",
        instant(said),
        off.whole_seconds(),
        if ahead { "ahead of" } else { "behind" }
    );
    let remedy = format!(
        "set the clocks of {} and of this machine right, and keep them so with a time service",
        answer.peer.node
    );
    Some(Finding::new(check, verdict, "", found).remedy(remedy))
}

/// Versions of members, by node. `own` stands for the member of this node.
pub fn versions(members: &[(String, String)]) -> Option<Finding> {
    let check = CheckId::Versions;
    let parsed: Vec<(&str, EtcdVersion)> = members
        .iter()
        .filter_map(|(node, version)| Some((node.as_str(), version.parse::<EtcdVersion>().ok()?)))
        .collect();
    let lowest = parsed.iter().map(|(_, version)| (version.major, version.minor)).min()?;
    let highest = parsed.iter().map(|(_, version)| (version.major, version.minor)).max()?;
    let list =
        parsed.iter().map(|(node, version)| format!("{node} {version}")).collect::<Vec<_>>().join(", ");
    if lowest.0 != highest.0 || highest.1 - lowest.1 > 1 {
        return Some(
            Finding::new(check, Verdict::Failed, "members", format!("more than one minor apart: {list}"))
                .remedy(
                    "set `version` in [etcd] so that the members are one minor apart at most, and upgrade \
                     one minor at a time",
                ),
        );
    }
    let first = parsed.first()?.1;
    if parsed.iter().any(|(_, version)| *version != first) {
        return Some(
            Finding::new(check, Verdict::Note, "members", format!("an upgrade is not finished: {list}"))
                .because("the cluster works as the oldest of its members does")
                .remedy(
                    "start the members that are behind again, with the version of zone.toml, one after the \
                     other",
                ),
        );
    }
    Some(Finding::passed(check, "members", format!("etcd {first}")))
}

/// Heartbeat and election against the longest of the round trips, each with the node that it leads to.
pub fn timing(
    round_trips: &[(String, Duration)],
    heartbeat: Duration,
    election: Duration,
) -> Option<Finding> {
    let check = CheckId::Timing;
    let (node, longest) = round_trips.iter().max_by_key(|(_, round_trip)| *round_trip)?;
    let subject = format!("heartbeat {}, election {}", shown(heartbeat), shown(election));
    let found = format!("the round trip to {node} takes {}", shown(*longest));
    let needed = |least: Duration| {
        let milliseconds = least.as_millis().div_ceil(10).max(1) * 10;
        format!("{milliseconds}ms")
    };
    let remedy = format!(
        "set heartbeat = \"{}\" and election = \"{}\" in [etcd], and start every member again",
        needed((*longest).max(heartbeat)),
        needed((10 * *longest).max(election).max(5 * (*longest).max(heartbeat)))
    );
    if *longest > heartbeat {
        let found = format!("{found}, longer than the heartbeat");
        return Some(Finding::new(check, Verdict::Warning, subject, found).remedy(remedy));
    }
    if 10 * *longest > election {
        let found = format!("{found}, more than a tenth of the election time-out");
        return Some(Finding::new(check, Verdict::Warning, subject, found).remedy(remedy));
    }
    if election < 5 * heartbeat {
        let found = "the election time-out is less than five heartbeats, which etcd refuses";
        return Some(Finding::new(check, Verdict::Failed, subject, found).remedy(remedy));
    }
    Some(Finding::passed(check, subject, found))
}
