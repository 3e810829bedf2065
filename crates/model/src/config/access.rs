//! `[access]`: how the signing host reaches the nodes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::access_method::{AccessMethod, read_methods};
use super::document::{At, Table};
use super::node::Node;
use super::problem::Problems;
use super::settings::{Fault, duration};

/// How nodes are reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessSettings {
    /// The ways to a node that does not name its own, in the order in which they are taken.
    methods: Vec<AccessMethod>,
    command: Option<AccessCommand>,
    /// The node directory there.
    node_directory: Pattern,
    /// How long one call may take.
    pub limit: Duration,
}

/// The words of a command that runs `zone-etcd` on a node, the program first. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AccessCommand(Vec<Pattern>);

/// A text with places that are filled in for each node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name,
    Full,
    Address,
}

const DEFAULT_DIRECTORY: &str = "/var/lib/zone-etcd";
const DEFAULT_LIMIT: Duration = Duration::from_secs(60);
const COMMAND: &str = "write command = \"ssh root@{address} zone-etcd\"";
const PLACEHOLDERS: &str = "write {name}, {full} or {address}";

impl AccessSettings {
    /// The ways to a node, in the order in which they are taken.
    pub fn methods<'s>(&'s self, node: &'s Node) -> &'s [AccessMethod] {
        if node.access.is_empty() { &self.methods } else { &node.access }
    }

    /// The command for a node, the program and its first arguments, if one leads to it.
    pub fn command(&self, node: &Node) -> Option<Vec<String>> {
        let command =
            self.command.as_ref().filter(|_| self.methods(node).contains(&AccessMethod::Command))?;
        Some(command.0.iter().map(|word| word.fill(node)).collect())
    }

    /// The directory of a node, on its machine.
    pub fn node_directory(&self, node: &Node) -> String {
        self.node_directory.fill(node)
    }
}

impl Pattern {
    fn parse(key: &str, text: &str) -> Result<Self, Fault> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(place);
            let Some((written, after)) = from.strip_prefix('{').and_then(|from| from.split_once('}')) else {
                return Err((format!("`{key}` has a brace without the other one"), PLACEHOLDERS.to_owned()));
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(match written {
                "name" => Part::Name,
                "full" => Part::Full,
                "address" => Part::Address,
                other => {
                    let what = format!("`{key}` has {{{other}}}, which stands for nothing");
                    return Err((what, PLACEHOLDERS.to_owned()));
                }
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    fn fill(&self, node: &Node) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Name => text.push_str(node.name.short()),
                Part::Full => text.push_str(node.name.full()),
                Part::Address => {
                    // Writing to a string does not fail.
                    let _ = write!(text, "{}", node.address);
                }
            }
        }
        text
    }
}

/// Two nodes with one directory would each take the other's certificates for its own, or refuse them.
pub(super) fn check_places(access: &At<AccessSettings>, nodes: &[At<Node>], problems: &mut Problems<'_>) {
    let mut places = BTreeMap::new();
    for node in nodes.iter().map(|node| &node.value) {
        let Some(command) = access.value.command(node) else { continue };
        let place = (command, access.value.node_directory(node));
        if let Some(other) = places.insert(place, node) {
            let (one, two) = (other.name.short(), node.name.short());
            let what = format!("`command` and `node_dir` point to one directory for {one} and {two}");
            problems.error(
                access.span.clone(),
                what,
                "write {name} into one of them: node_dir = \"/srv/{name}\"",
            );
            return;
        }
    }
}

/// Ways that name a command need one.
pub(super) fn check_methods(
    access: Option<&At<AccessSettings>>,
    nodes: &[At<Node>],
    problems: &mut Problems<'_>,
) {
    for At { value: node, span } in nodes {
        let has_command = access.is_some_and(|access| access.value.command.is_some());
        if node.access.contains(&AccessMethod::Command) && !has_command {
            let what = format!("{} is reached by a command, and [access] has none", node.name.short());
            problems.error(span.clone(), what, COMMAND);
        }
    }
}

/// Reads `[access]`. Without a way that can be used there is nothing to return.
pub(super) fn read_access(table: Table<'_>, problems: &mut Problems<'_>) -> Option<At<AccessSettings>> {
    let span = table.span();
    let methods = read_methods(&table, "method", problems);
    if methods.is_empty() && !table.has("method") || methods.contains(&AccessMethod::Command) {
        table.require("command", COMMAND, problems);
    }
    let command = table.parse("command", problems, command);
    let has_command = command.is_some() || !table.has("command");
    let node_directory = table.parse("node_dir", problems, node_directory);
    let limit = table.parse("limit", problems, |text| duration("limit", text, 1000, 3_600_000));
    table.finish(problems);
    let methods = match methods.as_slice() {
        [] => command.iter().map(|_| AccessMethod::Command).collect(),
        _ => methods,
    };
    let value = AccessSettings {
        methods: Some(methods).filter(|methods| has_command && !methods.is_empty())?,
        command: command.map(|at| at.value),
        node_directory: node_directory
            .map_or_else(|| Pattern(vec![Part::Text(DEFAULT_DIRECTORY.to_owned())]), |at| at.value),
        limit: limit.map_or(DEFAULT_LIMIT, |at| at.value),
    };
    Some(At { value, span })
}

/// Taken apart once, as a shell takes words apart. No shell reads it later.
fn command(text: &str) -> Result<AccessCommand, Fault> {
    let example = "write a command such as \"ssh root@{address} zone-etcd\"";
    let words = shlex::split(text)
        .ok_or_else(|| ("`command` has a quote without the other one".to_owned(), example.to_owned()))?;
    if words.first().is_none_or(String::is_empty) {
        return Err(("`command` names no program".to_owned(), example.to_owned()));
    }
    if words.iter().any(|word| word.chars().any(char::is_control)) {
        return Err(("`command` has a control character".to_owned(), example.to_owned()));
    }
    let words = words.iter().map(|word| Pattern::parse("command", word));
    words.collect::<Result<_, _>>().map(AccessCommand)
}

/// What the command hands on, such as ssh, is read by a shell once more. So a directory has nothing in it
/// that one could read otherwise.
fn node_directory(text: &str) -> Result<Pattern, Fault> {
    let example = "write a path such as \"/var/lib/zone-etcd\" or \"/srv/{name}\"".to_owned();
    if !text.starts_with('/') || text == "/" {
        return Err((format!("`node_dir` = \"{text}\" is no absolute path of a directory"), example));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,{}".contains(c);
    if let Some(other) = text.chars().find(|c| !is_plain(*c)) {
        return Err((format!("`node_dir` has {other:?}, which a shell may read otherwise"), example));
    }
    Pattern::parse("node_dir", text)
}
