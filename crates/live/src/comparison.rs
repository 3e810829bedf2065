//! Whether the voters hold the same data. Pure.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What a voter answers when it is asked for a hash of its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoterHash {
    /// The revision that it had after a read through the quorum.
    pub read: i64,
    /// The revision up to which the hash goes.
    pub revision: i64,
    /// The revision of its last compaction. Hashes are comparable only at the same one.
    pub compact_revision: i64,
    /// CRC-32C, as `etcdctl endpoint hashkv` prints it.
    pub hash: u32,
}

/// Voters that gave the same hash. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataGroup {
    /// How people call them.
    pub members: Vec<String>,
    /// The revision up to which the hash goes.
    pub revision: i64,
    /// The revision of their last compaction.
    pub compact_revision: i64,
    pub hash: u32,
}

/// Whether the voters hold the same data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// There is one voter, and nothing to compare it with.
    OneVoter,
    /// All voters that take requests hold the same.
    Same(DataGroup),
    /// They do not: those that agree, the largest group first.
    Different(Vec<DataGroup>),
    /// Not known, for these reasons.
    NotCompared(Vec<String>),
}

impl Comparison {
    /// A zone that was observed for another purpose.
    pub(super) fn not_asked() -> Self {
        Self::NotCompared(vec!["no member was asked for it".to_owned()])
    }

    /// The word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::OneVoter => "one_voter",
            Self::Same(_) => "same",
            Self::Different(_) => "different",
            Self::NotCompared(_) => "not_compared",
        }
    }

    /// Those that hold the same, if hashes were compared.
    pub fn groups(&self) -> &[DataGroup] {
        match self {
            Self::Same(group) => std::slice::from_ref(group),
            Self::Different(groups) => groups,
            Self::OneVoter | Self::NotCompared(_) => &[],
        }
    }

    /// The groups in words, if they differ.
    pub fn difference(&self) -> Option<String> {
        let Self::Different(groups) = self else { return None };
        let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
        Some(groups.join("; "))
    }
}

impl fmt::Display for DataGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (hash {} at revision {})", self.members.join(", "), self.hash, self.revision)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneVoter => f.write_str("there is one voter"),
            Self::Same(group) => write!(f, "the data is the same: {group}"),
            Self::Different(_) => {
                write!(f, "data has diverged: {}", self.difference().unwrap_or_default())
            }
            Self::NotCompared(why) => write!(f, "the data was not compared: {}", why.join("; ")),
        }
    }
}

/// Compares what the voters answer, each by its name. `least` is the highest revision that any of them had
/// before the first was asked: a read through the quorum answers with no lower one, unless the member has
/// another history.
pub fn compare(answers: &[(String, Result<VoterHash, String>)], least: i64) -> Comparison {
    let mut held: BTreeMap<(i64, i64, u32), Vec<String>> = BTreeMap::new();
    let (mut missing, mut is_short) = (Vec::new(), false);
    for (name, answer) in answers {
        match answer {
            Ok(answer) => {
                let key = (answer.revision, answer.compact_revision, answer.hash);
                held.entry(key).or_default().push(name.clone());
                is_short |= answer.read < least;
            }
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    let differ =
        held.keys().zip(held.keys().skip(1)).any(|(one, other)| (one.0, one.1) == (other.0, other.1));
    let mut groups: Vec<DataGroup> = held
        .into_iter()
        .map(|((revision, compact_revision, hash), members)| DataGroup {
            members,
            revision,
            compact_revision,
            hash,
        })
        .collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
    if differ || is_short && groups.len() > 1 {
        return Comparison::Different(groups);
    }
    match groups.pop() {
        _ if !missing.is_empty() => Comparison::NotCompared(missing),
        Some(group) if groups.is_empty() => Comparison::Same(group),
        _ => Comparison::NotCompared(vec![
            "the members were written to or compacted while they were asked".to_owned(),
        ]),
    }
}
