//! A row of the table.

use serde::Serialize;

/// What a line of etcd's means. Placeholders such as `{remote-addr}` in [`remedy`](Self::remedy) stand for facts that are
/// taken out of the line.
#[derive(Debug)]
pub struct Explanation {
    /// Its name, which scripts may rely on: `peer-certificate-expired`.
    pub id: &'static str,
    /// What happened, in one line.
    pub title: &'static str,
    /// What brought it about.
    pub cause: &'static str,
    /// What comes of it if nothing is done.
    pub why_it_matters: &'static str,
    /// What to do, with commands.
    pub remedy: &'static str,
    /// How bad it is.
    pub harm: Harm,
    /// The page that says more: a file in `docs/problems`, without `.md`.
    pub page: &'static str,
    /// The wordings, see `pattern.rs`.
    pub(super) patterns: &'static [&'static str],
    /// Fields of the line, by etcd's own name for them, that are facts too.
    pub(super) fields: &'static [&'static str],
    /// Whether etcd says this at level `info` as well. Other rows are not compared with such lines, of which there are most.
    pub(super) at_info: bool,
}

impl Explanation {
    /// What the rows of the table start from.
    pub(super) const ROW: Self = Self {
        id: "",
        title: "",
        cause: "",
        why_it_matters: "",
        remedy: "",
        harm: Harm::Notice,
        page: "",
        patterns: &[],
        fields: &[],
        at_info: false,
    };
}

/// How bad a finding is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Harm {
    /// etcd says this in health too, while members start and stop.
    Ordinary,
    /// Of interest if it goes on, or if nobody expected it.
    Notice,
    /// The zone works, slower or with less in reserve.
    Strain,
    /// Somebody is turned away: a client, a tool, a request.
    Refusal,
    /// A member does not run, or the others cannot reach it.
    Member,
    /// The zone takes no writes, or will stop to.
    Outage,
    /// Data is damaged, differs between members, or may be lost.
    Data,
}

impl Harm {
    /// What it says to a person.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Notice => "worth knowing",
            Self::Strain => "under strain",
            Self::Refusal => "turned away",
            Self::Member => "a member is down or alone",
            Self::Outage => "no writes",
            Self::Data => "data at risk",
        }
    }
}
