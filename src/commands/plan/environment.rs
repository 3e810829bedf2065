//! The settings of a plan as variables, for an etcd that something else starts.

use std::fmt::Write as _;

use zone_pki::printable::is_visible;

use launch::Start;
use model::error::{Exit, Failure, Result};

/// etcd reads every flag from a variable too: upper case, hyphens as underscores (`pkg/flags/flag.go`,
/// `FlagToEnv`).
pub(super) fn render(start: &Start) -> Result<String> {
    let mut lines = String::new();
    for argument in &start.arguments {
        let flag = argument.trim_start_matches('-');
        let (name, value) = flag.split_once('=').unwrap_or((flag, "true"));
        let name = name.to_ascii_uppercase().replace('-', "_");
        let Some(value) = quoted(value) else {
            return Err(Failure::new(
                Exit::Configuration,
                format!("the value of ETCD_{name} has control characters or other invisible ones"),
            )
            .because("a shell and systemd do not read a line with them alike")
            .next("keep such characters out of paths and flags, or take --format argv"));
        };
        let _ = writeln!(lines, "ETCD_{name}={value}");
    }
    Ok(lines)
}

/// A value that a POSIX shell and an `EnvironmentFile=` of systemd read as the same. systemd takes
/// `'it'\''s'` for another text than a shell does, so it is double quotes, within which both know the same
/// four escapes (`src/basic/env-file.c`, `SHELL_NEED_ESCAPE`).
fn quoted(value: &str) -> Option<String> {
    if !value.chars().all(is_visible) {
        return None;
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_plain) {
        return Some(value.to_owned());
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Some(quoted)
}
