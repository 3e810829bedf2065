//! What the member that runs was started with, against what zone.toml says now.

use std::collections::BTreeMap;

use crate::{CheckId, Finding, Verdict};

/// Flags that etcd looks at only while it has no data, and one that differs between first start and joining.
const ONLY_AT_FIRST: &str = "initial-";

/// The value of a flag, if it has one.
type Flags = BTreeMap<String, Option<String>>;

/// Compares command lines, each without the program.
pub fn flags(running: &[String], planned: &[String]) -> Finding {
    let check = CheckId::RunningFlags;
    let (running, planned) = (parse(running), parse(planned));
    let mut differing: Vec<String> = Vec::new();
    for name in running.keys().chain(planned.keys().filter(|name| !running.contains_key(*name))) {
        if name.starts_with(ONLY_AT_FIRST) || running.get(name) == planned.get(name) {
            continue;
        }
        let value = |flags: &Flags| match flags.get(name) {
            None => "unset".to_owned(),
            Some(None) => "set".to_owned(),
            Some(Some(value)) => value.clone(),
        };
        differing.push(format!("--{name} is {}, zone.toml has {}", value(&running), value(&planned)));
    }
    if differing.is_empty() {
        return Finding::passed(check, "command line", "as zone.toml says");
    }
    Finding::new(check, Verdict::Note, "command line", differing.join("; "))
        .remedy("start the member again when that suits, one member at a time: it takes effect then")
}

/// How a member times its elections, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rhythm {
    pub node: String,
    /// `--heartbeat-interval`.
    pub heartbeat: String,
    /// `--election-timeout`.
    pub election: String,
}

impl Rhythm {
    /// Reads it from a command line. Without the flags etcd uses 100 ms and 1 s.
    pub fn of(node: &str, arguments: &[String]) -> Self {
        let flags = parse(arguments);
        let value = |name: &str, default: &str| {
            flags.get(name).cloned().flatten().unwrap_or_else(|| default.to_owned())
        };
        Self {
            node: node.to_owned(),
            heartbeat: value("heartbeat-interval", "100"),
            election: value("election-timeout", "1000"),
        }
    }
}

/// Whether members run with the same timing. Of fewer than two nothing can be said.
pub fn rhythms(rhythms: &[Rhythm]) -> Option<Finding> {
    let check = CheckId::TimingEqual;
    let first = rhythms.first().filter(|_| rhythms.len() > 1)?;
    let same = |other: &Rhythm| other.heartbeat == first.heartbeat && other.election == first.election;
    if rhythms.iter().all(same) {
        let found = format!("heartbeat {} ms, election {} ms", first.heartbeat, first.election);
        return Some(Finding::passed(check, format!("{} members", rhythms.len()), found));
    }
    let each: Vec<String> = rhythms
        .iter()
        .map(|rhythm| {
            format!("{} with heartbeat {} ms, election {} ms", rhythm.node, rhythm.heartbeat, rhythm.election)
        })
        .collect();
    Some(
        Finding::new(check, Verdict::Failed, "members", format!("they run differently: {}", each.join("; ")))
            .remedy(
                "start the members again that run with other values than zone.toml has, one after the other",
            ),
    )
}

fn parse(arguments: &[String]) -> Flags {
    let mut flags = Flags::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(flag) = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-')) else { continue };
        match flag.split_once('=') {
            Some((name, value)) => flags.insert(name.to_owned(), Some(value.to_owned())),
            None => {
                let value = rest.next_if(|next| !next.starts_with('-')).cloned();
                flags.insert(flag.to_owned(), value)
            }
        };
    }
    flags
}
