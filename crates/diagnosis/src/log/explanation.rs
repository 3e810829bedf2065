//! What a line of etcd's means.

use serde::Serialize;

/// A row of the table, with what its page says. Placeholders such as `{remote-addr}` in
/// [`remedy`](Self::remedy) stand for facts that are taken out of the line.
#[derive(Debug)]
pub struct Explanation {
    /// Its name, which scripts may rely on: `peer-certificate-expired`.
    pub id: &'static str,
    pub title: &'static str,
    pub cause: &'static str,
    /// What comes of it if nothing is done.
    pub why_it_matters: &'static str,
    pub remedy: &'static str,
    pub harm: Harm,
    /// The page that says more: a file in `docs/problems`, without `.md`.
    pub page: &'static str,
}

/// How bad a finding is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Harm {
    /// etcd says this in health too, while members start and stop.
    Ordinary,
    /// Of interest if it goes on, or if it was not expected.
    Notice,
    /// The zone works, slower or with less in reserve.
    Strain,
    /// A client, a tool or a request is refused.
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
