//! A `zone.toml` changed in one place, with everything else as its owner wrote it.

use std::fmt;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, value};

use super::etcd_version::EtcdVersion;
use super::problem::Problem;
use super::template::TemplateNode;
use super::zone::ZoneConfig;

/// What is changed.
#[derive(Clone, Debug)]
pub enum Edit {
    /// `version` in `[etcd]`.
    EtcdVersion(EtcdVersion),
    /// `member` of the node whose name is written so.
    Member {
        /// As [`NodeName`](super::NodeName) prints it.
        node: String,
        /// Whether a member runs there.
        is_member: bool,
    },
    /// A node more, the last.
    Node(TemplateNode),
    /// `token` in `[etcd]`.
    Token(String),
    /// One after the other.
    All(Vec<Edit>),
}

impl Edit {
    /// The text with the change.
    ///
    /// # Errors
    /// What would be wrong with it; nothing if the text has no place for the change, or would say something
    /// else as well.
    pub fn apply(&self, text: &str) -> Result<String, Vec<Problem>> {
        if let Self::All(edits) = self {
            return edits.iter().try_fold(text.to_owned(), |text, edit| edit.apply(&text));
        }
        let (before, _) = ZoneConfig::parse(text)?;
        let mut document = self.written_into(text, &before).ok_or_else(Vec::new)?;
        let (after, _) = ZoneConfig::parse(&document.to_string())?;
        keep_metrics_ports(&mut document, &before, &after).ok_or_else(Vec::new)?;
        let text = document.to_string();
        let (after, _) = ZoneConfig::parse(&text)?;
        if self.is_all_that_changed(before, after) { Ok(text) } else { Err(Vec::new()) }
    }

    fn written_into(&self, text: &str, before: &ZoneConfig) -> Option<DocumentMut> {
        let mut document: DocumentMut = text.parse().ok()?;
        match self {
            Self::EtcdVersion(version) => {
                let etcd = document.entry("etcd").or_insert_with(|| Item::Table(Table::new()));
                set(etcd.as_table_like_mut()?, "version", value(version.to_string()))?;
            }
            Self::Member { node, is_member } => {
                let index = before.nodes.iter().position(|known| known.name.full() == node)?;
                set(nodes(&mut document)?.get_mut(index)?, "member", value(*is_member))?;
            }
            Self::Node(node) => nodes(&mut document)?.push(described(node)),
            Self::Token(token) => {
                let etcd = document.entry("etcd").or_insert_with(|| Item::Table(Table::new()));
                set(etcd.as_table_like_mut()?, "token", value(token.as_str()))?;
            }
            Self::All(_) => return None,
        }
        Some(document)
    }

    fn is_all_that_changed(&self, mut before: ZoneConfig, mut after: ZoneConfig) -> bool {
        match self {
            Self::EtcdVersion(version) => before.etcd.version = Some(*version),
            Self::Member { node, is_member } => {
                let named = before.nodes.iter_mut().find(|known| known.name.full() == node);
                named.into_iter().for_each(|known| known.member = *is_member);
            }
            Self::Node(_) if after.nodes.len() == before.nodes.len() + 1 => drop(after.nodes.pop()),
            Self::Node(_) | Self::All(_) => return false,
            Self::Token(token) => before.etcd.token = Some(token.clone()),
        }
        // That of the node itself follows from the others.
        if let Self::Member { node, .. } = self {
            let own =
                before.nodes.iter_mut().chain(&mut after.nodes).filter(|known| known.name.full() == node);
            own.for_each(|known| known.metrics_port = None);
        }
        before == after
    }
}

/// A metrics port that is not written follows from those of all members on the machine. The members that are
/// there keep theirs: they are told so now.
fn keep_metrics_ports(document: &mut DocumentMut, before: &ZoneConfig, after: &ZoneConfig) -> Option<()> {
    for (index, (was, is)) in before.nodes.iter().zip(&after.nodes).enumerate() {
        if let (true, true, Some(port)) = (was.member, is.member, was.metrics_port)
            && is.metrics_port != Some(port)
        {
            let table = nodes(document)?.get_mut(index)?;
            set(table, "metrics_port", value(i64::from(port.number())))?;
        }
    }
    Some(())
}

fn set(table: &mut dyn TableLike, key: &str, new: Item) -> Option<()> {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(written) => {
            let decor = written.decor().clone();
            *written = new.into_value().ok()?;
            *written.decor_mut() = decor;
        }
        None => drop(table.insert(key, new)),
    }
    Some(())
}

fn nodes(document: &mut DocumentMut) -> Option<&mut ArrayOfTables> {
    document.get_mut("node")?.as_array_of_tables_mut()
}

fn described(node: &TemplateNode) -> Table {
    let mut table = Table::new();
    table.insert("name", value(node.name.as_str()));
    if let Some(address) = &node.address {
        table.insert("address", value(address.as_str()));
    }
    let ports = [
        ("peer_port", node.peer_port),
        ("client_port", node.client_port),
        ("metrics_port", node.metrics_port),
    ];
    for (key, port) in ports {
        if let Some(port) = port {
            table.insert(key, value(i64::from(port)));
        }
    }
    if !node.names.is_empty() {
        table.insert("sans", value(node.names.iter().map(String::as_str).collect::<Array>()));
    }
    table
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EtcdVersion(version) => write!(f, "version = \"{version}\" in [etcd]"),
            Self::Member { node, is_member } => write!(f, "member = {is_member} in the [[node]] of {node}"),
            Self::Node(node) => write!(f, "a [[node]] with name = \"{}\"", node.name),
            Self::Token(token) => write!(f, "token = \"{token}\" in [etcd]"),
            Self::All(edits) => {
                let texts: Vec<String> = edits.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(", "))
            }
        }
    }
}
