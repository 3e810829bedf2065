//! Environment variables that are kept although they would change etcd.

use super::document::Table;
use super::names::NameFault;
use super::problem::Problems;

/// The name of an environment variable that etcd is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableName(String);

impl VariableName {
    /// Reads a name. Those of etcd are refused: it ends when a variable and a flag set the same
    /// (`server/etcdmain/config.go`).
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let fault = |what: String, instead: &str| Err(NameFault { what, instead: instead.to_owned() });
        let is_name = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        if text.is_empty()
            || !text.bytes().all(is_name)
            || text.starts_with(|first: char| first.is_ascii_digit())
        {
            return fault(
                format!("`{text}` is not a valid name of an environment variable"),
                "write names such as \"GOMEMLIMIT\"; each stands for itself alone",
            );
        }
        if text.to_ascii_uppercase().starts_with("ETCD_") {
            return fault(
                format!("`{text}` would change etcd beside its flags"),
                "write the flag into [etcd.flags]",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a list of names.
pub(super) fn read_variables(
    table: &Table<'_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Vec<VariableName> {
    let mut names = Vec::new();
    for written in table.strings(key, problems) {
        match VariableName::parse(&written.value) {
            Ok(name) if names.contains(&name) => {
                problems.error(written.span, format!("`{}` is there twice in `{key}`", name.0), "remove one");
            }
            Ok(name) => names.push(name),
            Err(NameFault { what, instead }) => problems.error(written.span, what, instead),
        }
    }
    names
}
