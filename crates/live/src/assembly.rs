//! The answers, put together member by member. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alarms::Alarm;
use super::answers::Answers;
use super::client_plane::ClientAnswer;
use super::judgement::{MemberFacts, Standing};
use super::members::{LiveMember, MemberStatus};
use super::plane::PlaneView;
use super::ports::PortFault;
use etcd::client::{ListedMember, StatusResponse};
use etcd::tls::{DialError, Stage};
use model::config::{Node, ZoneConfig};
use model::plan::{EtcdId, PeerUrl, Plane};

/// What [`assemble`] makes of the answers.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) cluster_id: Option<EtcdId>,
    pub(super) listed: Option<Vec<ListedMember>>,
    pub(super) list_is_confirmed: bool,
    pub(super) leader: Option<EtcdId>,
    pub(super) revision: Option<i64>,
    pub(super) members: Vec<LiveMember>,
    pub(super) alarms: Vec<Alarm>,
}

pub(super) fn assemble(zone: &ZoneConfig, mut answers: Answers) -> Observed {
    let cluster_id = common_cluster(&answers);
    let (listed, list_is_confirmed) = member_list(&answers, cluster_id);
    let mut unmatched: Vec<ListedMember> = listed.clone().unwrap_or_default();
    let furthest = statuses(&answers, cluster_id).map(|status| status.raft_index).max().unwrap_or_default();
    let leader = statuses(&answers, cluster_id)
        .filter(|status| status.leader().is_some())
        .max_by_key(|status| status.raft_term)
        .and_then(StatusResponse::leader);
    let revision = statuses(&answers, cluster_id).filter_map(|status| Some(status.header?.revision)).max();
    let mut alarms: Vec<Alarm> = statuses(&answers, cluster_id)
        .flat_map(|status| status.errors.iter().filter_map(|text| Alarm::parse(text)))
        .collect();
    alarms.sort_unstable();
    alarms.dedup();

    let mut found: Vec<(Option<&Node>, Option<ListedMember>)> = Vec::new();
    for node in zone.members() {
        let index = position_in_list(node, &unmatched, &answers, cluster_id);
        found.push((Some(node), index.map(|index| unmatched.remove(index))));
    }
    found.extend(unmatched.into_iter().map(|member| (None, Some(member))));
    let mut members: Vec<LiveMember> = found
        .into_iter()
        .enumerate()
        .map(|(index, (node, listed))| live_member(index, node, listed, &mut answers, furthest))
        .collect();
    tell_apart(&mut members);
    Observed { cluster_id, listed, list_is_confirmed, leader, revision, members, alarms }
}

/// Names are free in etcd: a member that only the cluster knows, and that has the name of another, goes by
/// its id.
fn tell_apart(members: &mut [LiveMember]) {
    for index in 0..members.len() {
        let (before, rest) = members.split_at_mut(index);
        let Some((member, after)) = rest.split_first_mut() else { return };
        let is_taken = before.iter().chain(after.iter()).any(|other| other.name == member.name);
        if is_taken && member.node.is_none() {
            member.name = member.id().map(|id| id.to_string()).unwrap_or_default();
        }
    }
}

/// The cluster to which most of the members that answer belong; of several, one that answers through its
/// quorum.
fn common_cluster(answers: &Answers) -> Option<EtcdId> {
    let mut votes: BTreeMap<u64, (usize, usize)> = BTreeMap::new();
    for (answer, _) in answers.clients.values() {
        if let Some(header) = answer.status.as_ref().ok().and_then(|status| status.header) {
            let vote = votes.entry(header.cluster_id).or_default();
            vote.0 += 1;
            vote.1 += usize::from(matches!(answer.quorum_read, Some(Ok(_))));
        }
    }
    votes.into_iter().max_by_key(|(_, vote)| *vote).map(|(id, _)| EtcdId(id))
}

fn answers_of(
    answers: &Answers,
    cluster: Option<EtcdId>,
) -> impl Iterator<Item = (&StatusResponse, &ClientAnswer)> {
    answers.clients.values().filter_map(move |(answer, _)| {
        let status = answer.status.as_ref().ok()?;
        (status.header.map(|header| EtcdId(header.cluster_id)) == cluster).then_some((status, answer))
    })
}

fn statuses(answers: &Answers, cluster: Option<EtcdId>) -> impl Iterator<Item = &StatusResponse> {
    answers_of(answers, cluster).map(|(status, _)| status)
}

/// The list through the quorum, or the one of the member that has applied the most; and whether it is the
/// former.
fn member_list(answers: &Answers, cluster: Option<EtcdId>) -> (Option<Vec<ListedMember>>, bool) {
    let by_progress = |(status, _): &(&StatusResponse, &ClientAnswer)| status.raft_applied_index;
    let confirmed = answers_of(answers, cluster)
        .filter(|(_, answer)| answer.confirmed.is_some())
        .max_by_key(by_progress)
        .and_then(|(_, answer)| answer.confirmed.as_ref());
    let own = || {
        let answer =
            answers_of(answers, cluster).filter(|(_, answer)| answer.own.is_some()).max_by_key(by_progress);
        answer.and_then(|(_, answer)| answer.own.as_ref())
    };
    let list = confirmed.or_else(own).map(|list| sorted(&list.members));
    (list, confirmed.is_some())
}

fn sorted(members: &[ListedMember]) -> Vec<ListedMember> {
    let mut members = members.to_vec();
    members.sort_by_key(|member| member.id);
    members
}

/// Which entry of the list a node's member has: the one whose id it answers with; else the one at its peer
/// URL; else the one of its name, unless that answers somewhere else.
fn position_in_list(
    node: &Node,
    list: &[ListedMember],
    answers: &Answers,
    cluster: Option<EtcdId>,
) -> Option<usize> {
    let own_status =
        answers.clients.get(&node.client_url()).and_then(|(answer, _)| answer.status.as_ref().ok());
    let own_header = own_status.and_then(|status| status.header);
    let own_id =
        own_header.filter(|header| Some(EtcdId(header.cluster_id)) == cluster).map(|header| header.member_id);
    let peer_url = PeerUrl::of(node);
    let at_url = |member: &ListedMember| member.peer_urls.iter().any(|url| url == peer_url.as_str());
    list.iter()
        .position(|member| Some(member.id) == own_id)
        .or_else(|| list.iter().position(at_url))
        .or_else(|| list.iter().position(|member| member.name == node.name.short()))
}

fn live_member(
    index: usize,
    node: Option<&Node>,
    listed: Option<ListedMember>,
    answers: &mut Answers,
    furthest: u64,
) -> LiveMember {
    let described = node.map(Node::client_url);
    let client_urls: Vec<String> = described
        .into_iter()
        .chain(listed.iter().flat_map(|member| member.client_urls.iter().cloned()))
        .collect();
    let answering = client_urls
        .iter()
        .find(|url| answers.clients.get(*url).is_some_and(|(answer, _)| answer.status.is_ok()));
    let client_url = answering.or(client_urls.first());
    let (client, status) = match client_url.and_then(|url| answers.clients.get(url)) {
        Some((answer, view)) => (Some(Arc::clone(view)), status_of(answer, view, furthest)),
        None => (None, Err("it has published no address for clients".to_owned())),
    };
    let peer_urls = node
        .map(|node| PeerUrl::of(node).to_string())
        .into_iter()
        .chain(listed.iter().flat_map(|member| member.peer_urls.iter().cloned()));
    let mut views = peer_urls.filter_map(|url| answers.peers.get(&url)).peekable();
    let first = views.peek().map(|view| Arc::clone(view));
    let peer = views.find(|view| !view.chain.is_empty()).map(Arc::clone).or(first);
    let name = match (node, &listed) {
        (Some(node), _) => node.name.short().to_owned(),
        (None, Some(member)) if is_word(&member.name) => member.name.clone(),
        (None, Some(member)) => member.id().to_string(),
        (None, None) => String::new(),
    };
    let position = (if node.is_some() { index } else { usize::MAX }, name.clone());
    LiveMember { name, node: node.map(|node| node.name.clone()), listed, status, client, peer, position }
}

fn status_of(answer: &ClientAnswer, view: &PlaneView, furthest: u64) -> Result<MemberStatus, String> {
    let status = match (&answer.status, &view.failure) {
        (Ok(status), _) => status,
        // So etcd treats a certificate on its revocation list: it looks at the list after the handshake
        // (`client/pkg/transport/listener_tls.go`).
        (Err(_), Some(DialError::Closed(Stage::Reply))) => {
            return Err(
                "it closed the connection without an answer, as it does to a revoked certificate".to_owned()
            );
        }
        (Err(_), Some(failure)) => return Err(failure.to_string()),
        (Err(error), None) => return Err(error.clone()),
    };
    let header = status.header.unwrap_or_default();
    let bytes = |size: i64| u64::try_from(size).unwrap_or_default();
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let downgrade = status.downgrade_info.as_ref().filter(|downgrade| downgrade.enabled);
    Ok(MemberStatus {
        id: EtcdId(header.member_id),
        cluster_id: EtcdId(header.cluster_id),
        version: status.version.clone(),
        storage_version: text(&status.storage_version),
        downgrade_target: downgrade.and_then(|downgrade| text(&downgrade.target_version)),
        leader: status.leader(),
        is_learner: status.is_learner,
        raft_term: status.raft_term,
        raft_index: status.raft_index,
        raft_applied_index: status.raft_applied_index,
        raft_lag: furthest.saturating_sub(status.raft_applied_index),
        revision: header.revision,
        db_size: bytes(status.db_size),
        db_size_in_use: bytes(status.db_size_in_use),
        db_quota: (status.db_size_quota > 0).then(|| bytes(status.db_size_quota)),
        errors: status.errors.clone(),
        quorum_read: answer.quorum_read.clone(),
        own_list: answer.own.as_ref().map(|list| sorted(&list.members)),
    })
}

/// What the judgement needs to know of each.
pub(super) fn facts(observed: &Observed) -> Vec<MemberFacts> {
    observed.members.iter().map(|member| facts_of(member, observed)).collect()
}

fn facts_of(member: &LiveMember, observed: &Observed) -> MemberFacts {
    let standing = match (&observed.listed, &member.listed) {
        (None, _) if member.is_learner() => Standing::Learner,
        (None, _) => Standing::Voter,
        (Some(_), None) => Standing::Absent,
        (Some(_), Some(listed)) if listed.is_learner => Standing::Learner,
        (Some(_), Some(_)) => Standing::Voter,
    };
    let mut faults: Vec<String> = Vec::new();
    let swapped = |fault: &PortFault| matches!(fault, PortFault::Swapped { .. });
    let ports = member.port_fault();
    if let Ok(status) = &member.status
        && Some(status.cluster_id) != observed.cluster_id
    {
        faults.push(format!("answers for another cluster, {}", status.cluster_id));
    }
    for view in member.planes() {
        // A member that is down for its certificate would be named twice.
        if (view.plane == Plane::Client && member.status.is_err()) || ports.as_ref().is_some_and(swapped) {
            continue;
        }
        if let Some(why) = &view.untrusted {
            faults.push(format!("serves a bad certificate on the {} plane: {why}", view.plane.name()));
        }
        if let Some(fault) = view.trust_fault() {
            faults.push(format!("{fault}, on the {} plane", view.plane.name()));
        }
    }
    let cut_off = ports.as_ref().filter(|fault| !swapped(fault));
    faults.extend(cut_off.map(ToString::to_string));
    MemberFacts {
        name: member.name.clone(),
        standing,
        unstarted: member.listed.as_ref().is_some_and(|listed| !listed.is_started()),
        down: member.status.as_ref().err().map(|why| match ports.as_ref().filter(|fault| swapped(fault)) {
            Some(fault) => fault.to_string(),
            None => why.clone(),
        }),
        quorum_read: match &member.status {
            Ok(MemberStatus { quorum_read: Some(read), .. }) => Some(read.clone().map(drop)),
            _ => None,
        },
        faults,
    }
}

/// Whether a name is one word of a command line that is no option: with a peer certificate one may publish
/// any.
fn is_word(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.bytes().all(is_plain)
}
