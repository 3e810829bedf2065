//! The members of a zone as a node was told of them, where its local config has no list.

use super::document::{At, Table};
use super::json_document;
use super::local::{read_member, zone_of};
use super::names::{DnsName, NameFault, NodeName, ZoneName};
use super::node::Node;
use super::problem::{Problem, Problems};
use super::rules;
use super::settings::EtcdSettings;
use super::zone::ZoneConfig;
use super::{PkiSettings, Protection};

/// The members of a zone, from one source. Names and endpoints are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberList {
    /// The zone.
    pub zone: ZoneName,
    /// Who has told, as messages call it.
    pub source: String,
    /// The token of the cluster, if it does not follow from the CA.
    pub token: Option<String>,
    /// What this node is called in it. It need not be one of the members.
    pub own: NodeName,
    /// The members.
    pub members: Vec<Node>,
}

impl MemberList {
    /// The format that this program writes.
    pub const FORMAT: u32 = 1;

    /// A list of members that are held against the rules of `zone.toml`. The warnings come with it.
    ///
    /// # Errors
    /// Every rule that they break, without a place.
    pub fn new(
        own: NodeName,
        zone: ZoneName,
        source: String,
        token: Option<String>,
        members: Vec<Node>,
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Problems::new("");
        let nodes = members.into_iter().map(|value| At { value, span: 0..0 }).collect();
        let members = checked(nodes, &mut problems);
        let failed = problems.has_errors();
        let mut found = problems.into_sorted();
        found.iter_mut().for_each(|problem| problem.location = None);
        if failed { Err(found) } else { Ok((Self { zone, source, token, own, members }, found)) }
    }

    /// Reads the list that a node has kept.
    ///
    /// # Errors
    /// Every problem of the text.
    pub fn parse(text: &str) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Problems::new(text);
        let document = json_document::parse(text, &mut problems);
        let list = document.and_then(|document| read(document.table(), &mut problems));
        let failed = problems.has_errors();
        let found = problems.into_sorted();
        match list {
            Some(list) if !failed => Ok((list, found)),
            _ => Err(found),
        }
    }

    /// Whether a member runs on this node.
    pub fn is_member(&self) -> bool {
        self.members.iter().any(|member| member.name == self.own)
    }

    /// The zone, as far as the list tells.
    pub fn config(&self) -> ZoneConfig {
        ZoneConfig {
            name: self.zone.clone(),
            nodes: self.members.clone(),
            pki: PkiSettings::default(),
            etcd: EtcdSettings { token: self.token.clone(), ..EtcdSettings::default() },
            tls: Protection::default(),
            access: None,
        }
    }
}

fn checked(mut nodes: Vec<At<Node>>, problems: &mut Problems<'_>) -> Vec<Node> {
    rules::check(&nodes, problems);
    rules::fill_in(&mut nodes);
    nodes.into_iter().map(|node| node.value).collect()
}

fn read(file: Table<'_>, problems: &mut Problems<'_>) -> Option<MemberList> {
    let again = "remove the file: the members are asked for again at the next start without data";
    ["format", "source", "node", "etcd"].into_iter().for_each(|key| file.require(key, again, problems));
    if let Some(format) = file.integer("format", problems)
        && format.value != i64::from(MemberList::FORMAT)
    {
        let known = MemberList::FORMAT;
        let what = format!("its format is {}, and this program knows {known}", format.value);
        problems.error(format.span, what, "use the version of zone-etcd that has written it");
    }
    let source = file.string("source", problems).map(|at| at.value.to_string());
    let token = file.string("token", problems).map(|at| at.value.to_string());
    let own = file.parse("node", problems, |text| {
        let name = DnsName::parse("node name", text).map_err(NameFault::into_parts)?;
        let zone = zone_of(&name).ok_or_else(|| (format!("`{text}` names no zone"), String::from(again)))?;
        let node = NodeName::parse(text, &zone).map_err(NameFault::into_parts)?;
        Ok((node, zone))
    });
    let (own, zone) = own.map(|at| at.value).unzip();
    let members = file.tables("etcd", "a member in `etcd`", problems);
    let nodes =
        members.into_iter().filter_map(|member| read_member(member, zone.as_ref(), problems)).collect();
    file.finish(problems);
    let members = checked(nodes, problems);
    Some(MemberList { zone: zone?, source: source?, token, own: own?, members })
}
