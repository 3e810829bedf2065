//! The ways to a node.

use super::document::{At, Table, nearest_hint};
use super::problem::Problems;

/// A way to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMethod {
    /// The zone's etcd has its bundle, sealed to it, and its answer.
    Etcd,
    /// A command runs `zone-etcd` on it.
    Command,
    /// Files are carried.
    Files,
}

impl AccessMethod {
    const ALL: [Self; 3] = [Self::Etcd, Self::Command, Self::Files];

    /// As it is written in `zone.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Command => "command",
            Self::Files => "files",
        }
    }
}

/// Reads one way, or a list of them; none if there is no such key.
pub(super) fn read_methods(
    table: &Table<'_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Vec<AccessMethod> {
    let mut methods: Vec<AccessMethod> = Vec::new();
    for At { value, span } in table.one_or_more_strings(key, problems) {
        match AccessMethod::ALL.into_iter().find(|method| method.as_str() == value) {
            Some(method) if methods.contains(&method) => {
                problems.error(span, format!("`{key}` has \"{value}\" twice"), "remove one of the two");
            }
            Some(method) => methods.push(method),
            None => {
                let known = AccessMethod::ALL.map(AccessMethod::as_str);
                let hint = nearest_hint(&value, known.into_iter());
                problems.error(span, format!("`{key}` has \"{value}\", which is no way to a node"), hint);
            }
        }
    }
    methods
}
