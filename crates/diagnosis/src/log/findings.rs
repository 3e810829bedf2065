//! What a log says, counted and in order of harm.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::explanation::{Explanation, Harm};
use super::line::{Level, Line};

/// What a finding is about, by the names that the remedy uses: `remote-addr`, `member`, `file`.
pub type Facts = BTreeMap<&'static str, String>;

/// How many groups of facts are told apart for one explanation. What comes after is counted together.
pub const MOST_GROUPS: usize = 8;

/// How many lines that no row knows are shown.
pub const MOST_UNKNOWN: usize = 5;

/// The fact of the group that takes what exceeds [`MOST_GROUPS`].
pub const FURTHER_FACTS: &str = "further";

/// A sample is cut here, in characters.
const LONGEST_SAMPLE: usize = 2000;

#[derive(Debug, serde::Serialize)]
pub struct LogDiagnosis {
    pub lines: u64,
    /// What is explained, the most harmful first, then the most frequent.
    pub findings: Vec<Finding>,
    /// How many lines of level `warn` and above no row knows.
    pub unknown: u64,
    /// Some of those that differ, in the order of their first appearance; at most [`MOST_UNKNOWN`].
    pub unknown_lines: Vec<UnknownLine>,
}

/// Lines that mean the same and are about the same.
#[derive(Debug)]
pub struct Finding {
    pub explanation: &'static Explanation,
    pub facts: Facts,
    pub count: u64,
    /// The time of the first, as etcd wrote it, if it wrote one.
    pub first: Option<String>,
    pub last: Option<String>,
    /// The first, as it was read, cut to 2000 characters.
    pub sample: String,
}

/// A line of level `warn` or above that no row knows.
#[derive(Debug, serde::Serialize)]
pub struct UnknownLine {
    /// How many had the same message.
    pub count: u64,
    pub sample: String,
}

impl LogDiagnosis {
    pub fn worst(&self) -> Option<Harm> {
        self.findings.iter().map(|finding| finding.explanation.harm).max()
    }
}

impl Finding {
    /// The cause with the facts in their places.
    pub fn cause(&self) -> String {
        self.filled(self.explanation.cause)
    }

    /// The remedy with the facts in their places, likewise.
    pub fn remedy(&self) -> String {
        self.filled(self.explanation.remedy)
    }

    fn filled(&self, template: &str) -> String {
        let mut text = String::new();
        let mut remaining = template;
        while let Some((before, (name, after))) =
            remaining.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            text.push_str(before);
            match self.facts.get(name) {
                Some(fact) => text.push_str(fact),
                None => text.push_str("the other side"),
            }
            remaining = after;
        }
        text + remaining
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Finding", 12)?;
        fields.serialize_field("id", self.explanation.id)?;
        fields.serialize_field("harm", &self.explanation.harm)?;
        fields.serialize_field("title", self.explanation.title)?;
        fields.serialize_field("cause", &self.cause())?;
        fields.serialize_field("why_it_matters", self.explanation.why_it_matters)?;
        fields.serialize_field("remedy", &self.remedy())?;
        fields.serialize_field("page", &format!("docs/problems/{}.md", self.explanation.page))?;
        fields.serialize_field("facts", &self.facts)?;
        fields.serialize_field("count", &self.count)?;
        fields.serialize_field("first", &self.first)?;
        fields.serialize_field("last", &self.last)?;
        fields.serialize_field("sample", &self.sample)?;
        fields.end()
    }
}

/// Counts lines as they are read.
#[derive(Default)]
pub(super) struct Collector {
    lines: u64,
    /// By explanation and facts. Bounded: see [`MOST_GROUPS`] and the length of a fact.
    findings: HashMap<(&'static str, Facts), Finding>,
    groups: HashMap<&'static str, usize>,
    unknown: u64,
    /// With the hash of the message, which is what makes two lines the same.
    unknown_lines: Vec<(u64, UnknownLine)>,
}

impl Collector {
    pub(super) fn explained(&mut self, explanation: &'static Explanation, facts: Facts, line: &Line<'_>) {
        self.lines += 1;
        let mut key = (explanation.id, facts);
        if !self.findings.contains_key(&key) {
            let groups = self.groups.entry(explanation.id).or_default();
            if *groups == MOST_GROUPS {
                key.1 = Facts::from([(FURTHER_FACTS, "true".to_owned())]);
            } else {
                *groups += 1;
            }
        }
        let finding = self.findings.entry(key).or_insert_with_key(|(_, facts)| Finding {
            explanation,
            facts: facts.clone(),
            count: 0,
            first: line.time.clone(),
            last: None,
            sample: cut(&line.whole),
        });
        finding.count += 1;
        if line.time.is_some() {
            finding.last.clone_from(&line.time);
        }
    }

    pub(super) fn unexplained(&mut self, line: &Line<'_>) {
        self.lines += 1;
        if line.level != Level::Grave {
            return;
        }
        self.unknown += 1;
        let mut hasher = DefaultHasher::new();
        line.message.hash(&mut hasher);
        let message = hasher.finish();
        if let Some((_, known)) = self.unknown_lines.iter_mut().find(|(known, _)| *known == message) {
            known.count += 1;
        } else if self.unknown_lines.len() < MOST_UNKNOWN {
            self.unknown_lines.push((message, UnknownLine { count: 1, sample: cut(&line.whole) }));
        }
    }

    pub(super) fn finish(self) -> LogDiagnosis {
        let mut findings: Vec<Finding> = self.findings.into_values().collect();
        findings.sort_by(|one, other| {
            let harm = other.explanation.harm.cmp(&one.explanation.harm);
            let count = other.count.cmp(&one.count);
            let name = one.explanation.id.cmp(other.explanation.id);
            harm.then(count).then(name).then_with(|| one.facts.cmp(&other.facts))
        });
        let unknown_lines = self.unknown_lines.into_iter().map(|(_, line)| line).collect();
        LogDiagnosis { lines: self.lines, findings, unknown: self.unknown, unknown_lines }
    }
}

fn cut(line: &str) -> String {
    line.chars().take(LONGEST_SAMPLE).collect()
}
