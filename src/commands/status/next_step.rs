//! The one step to take next.

use super::Answer;
use diagnosis::rules::zone::proposed_ports;
use etcd::tls::{DialError, Stage};
use live::{AlarmKind, Comparison, Difference, Health, LiveMember};
use model::report::{shell_quoted, shell_quoted_path};

/// What to do first about a zone that is not healthy.
pub(super) fn next_step(answer: &Answer<'_>) -> Option<String> {
    let Answer { site, client, live, .. } = answer;
    if live.judgement.health == Health::Healthy {
        return learner(answer);
    }
    // A port of the other plane refuses every question, so this comes first.
    if let Some((member, fault)) = live.members.iter().find_map(|member| Some((member, member.port_fault()?)))
    {
        return Some(proposed_ports(site, &member.name, &fault));
    }
    if live.refuses_us() {
        let Some(zone) = site.zone() else {
            return Some(
                "have other certificates made for this node where the CAs are, and activate them".to_owned(),
            );
        };
        return Some(format!(
            "have another certificate issued: mv {0} {0}.refused && {1}",
            shell_quoted_path(&zone.paths.client(client)),
            site.proposed(&format!("pki issue --client {client}"))
        ));
    }
    if let Comparison::Different(groups) = &live.data {
        // Replacing a member loses what it alone has.
        let smallest = groups.last().and_then(|group| group.members.first());
        return smallest.map(|name| save_data_of(answer, name));
    }
    if live.judgement.health == Health::NotCompared {
        return Some(format!("compare by hand: {}", ctl(answer, "endpoint hashkv --cluster")));
    }
    if live.alarms.iter().any(|alarm| alarm.kind == AlarmKind::Corrupt) {
        return Some(format!(
            "find the member whose data differs: {}",
            ctl(answer, "endpoint hashkv --write-out table")
        ));
    }
    let down = live.members.iter().filter(|member| member.status.is_err() && !is_absent(answer, member));
    // One that is there and says nothing may just wait for those that are not.
    if let Some(member) = down.min_by_key(|member| is_silent(answer, member)) {
        return Some(about_down(answer, member));
    }
    if live.alarms.iter().any(|alarm| alarm.kind == AlarmKind::NoSpace) {
        let defrag = site.proposed_by_signer("defrag --nospace");
        return Some(format!("make room and end the alarm: {defrag}"));
    }
    if let Some(older) = live.older_lists.first() {
        return Some(format!("bring {} the new list: {}", older.member, site.proposed_lists(&older.member)));
    }
    if let Some(Difference::NotAMember { node }) =
        live.differences.iter().find(|difference| matches!(difference, Difference::NotAMember { .. }))
    {
        return site.config().node(node).map(|_| {
            if !answer.authorities.serves(site.config(), node) {
                return format!("{node} was revoked: take it out of zone.toml");
            }
            format!(
                "add {node}, or take it out of zone.toml: {}",
                site.proposed_by_signer(&format!("member add {node}"))
            )
        });
    }
    if live.judgement.health == Health::LostQuorum {
        return Some("look at the network between the members, and at what they log".to_owned());
    }
    let bad = live.members.iter().find(|member| member.planes().any(|view| view.untrusted.is_some()));
    if let Some(node) = bad.and_then(|member| member.node.as_ref()) {
        return Some(renew(answer, node.short()));
    }
    Some("look at what the members log".to_owned())
}

/// One that was added and left there: it holds nothing up, and does nothing either.
fn learner(answer: &Answer<'_>) -> Option<String> {
    let member = answer.live.members.iter().find(|member| member.is_learner())?;
    let name = &member.name;
    if member.node.is_none() {
        return Some(answer.site.proposed_look_at(name));
    }
    let promote = answer.site.proposed_by_signer(&format!("member promote {name}"));
    Some(format!("give {name} its vote: {promote}"))
}

fn save_data_of(answer: &Answer<'_>, name: &str) -> String {
    let member = answer.live.members.iter().find(|member| member.name == name);
    let url = member.and_then(|member| member.client.as_ref()).map_or("URL", |view| view.url.as_str());
    format!(
        "save the data of one member of each group, then see `zone-etcd explain problems/data-differs`: {}",
        ctl(answer, &format!("snapshot save {name}.db --endpoints={}", shell_quoted(url)))
    )
}

fn about_down(answer: &Answer<'_>, member: &LiveMember) -> String {
    let name = &member.name;
    let Some(node) = &member.node else {
        return format!("look at the machine of {name}: it is not in zone.toml");
    };
    // One that was bootstrapped with an address that was mistyped is that member still, also if it never
    // started.
    if let Some(update) = moved(answer, member) {
        return update;
    }
    match failure_of(answer, member) {
        Some(DialError::Untrusted(_)) => renew(answer, node.short()),
        Some(DialError::Name { .. } | DialError::TimedOut(Stage::Resolve)) => {
            format!("fix the look-up of the address of {name}, or write its IP address into zone.toml")
        }
        Some(DialError::Unreachable { .. } | DialError::TimedOut(Stage::Connect)) => {
            format!("look at the machine of {name}, and at the network to it")
        }
        Some(DialError::TimedOut(_)) if answer.live.judgement.health != Health::LostQuorum => {
            format!("look at the load and the log of etcd on {name}: it is there, and does not answer")
        }
        Some(DialError::TimedOut(_)) => {
            format!(
                "look at what etcd logs on {name}: it is there, and says nothing, as one does that waits for \
                 a quorum"
            )
        }
        Some(DialError::Refused(_)) | None => {
            format!("start it, on {name}: {}", answer.site.proposed_on("run", name))
        }
        Some(_) => format!("look at what etcd logs on {name}"),
    }
}

/// How the cluster is told of a node that it looks for elsewhere.
fn moved(answer: &Answer<'_>, member: &LiveMember) -> Option<String> {
    let is_it = |difference: &&Difference| match difference {
        Difference::PeerUrls { node, .. } => *node == member.name,
        _ => false,
    };
    answer.live.differences.iter().find(is_it)?;
    let update = answer.site.proposed_update(&member.name);
    Some(format!(
        "if {} is where zone.toml says, tell the cluster, and start it there: {update}",
        member.name
    ))
}

/// Why the member cannot be reached where it is described.
fn failure_of<'a>(answer: &Answer<'_>, member: &'a LiveMember) -> Option<&'a DialError> {
    let node = member.node.as_ref()?;
    let view = member.client.as_ref().filter(|view| view.url == client_url(answer, node.short()));
    view.and_then(|view| view.failure.as_ref())
}

fn is_silent(answer: &Answer<'_>, member: &LiveMember) -> bool {
    matches!(
        failure_of(answer, member),
        Some(DialError::TimedOut(stage)) if !matches!(stage, Stage::Resolve | Stage::Connect)
    )
}

fn client_url(answer: &Answer<'_>, node: &str) -> String {
    answer.site.config().node(node).map(model::config::Node::client_url).unwrap_or_default()
}

fn is_absent(answer: &Answer<'_>, member: &LiveMember) -> bool {
    answer.live.listed.is_some() && member.listed.is_none()
}

fn renew(answer: &Answer<'_>, node: &str) -> String {
    format!("have its certificates replaced: {}", answer.site.proposed_renewal(node))
}

fn ctl(answer: &Answer<'_>, arguments: &str) -> String {
    format!("{} -- {arguments}", answer.site.proposed("ctl"))
}
