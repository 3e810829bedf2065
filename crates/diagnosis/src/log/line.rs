//! One line of a log, in any of its forms.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How grave etcd takes what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// `debug` and `info`.
    Ordinary,
    /// A line without a level: of a panic, or not of etcd's at all.
    Unknown,
    /// `warn` and above.
    Grave,
}

/// A line that can be compared with the table.
///
/// Its text is the message, then ` name=value` for each further field in the order of their names: what `dev`
/// prints. What stands before the message, such as journald's prefix, is part of it.
pub(super) struct Line<'l> {
    pub(super) level: Level,
    pub(super) text: Cow<'l, str>,
    pub(super) message: Cow<'l, str>,
    pub(super) time: Option<String>,
    pub(super) whole: Cow<'l, str>,
}

/// Fields that say where a line comes from, or that hold what users send: keys and values may read like an
/// error.
const NOISE: [&str; 10] = [
    "level",
    "ts",
    "caller",
    "msg",
    "stacktrace",
    "request",
    "raft-request",
    "request content",
    "response",
    "key",
];

const GRAVE_LEVELS: [&str; 6] = ["warn", "error", "dpanic", "panic", "fatal", "critical"];
const ORDINARY_LEVELS: [&str; 2] = ["info", "debug"];

impl<'l> Line<'l> {
    pub(super) fn parse(bytes: &'l [u8]) -> Self {
        let whole = String::from_utf8_lossy(bytes.strip_suffix(b"\r").unwrap_or(bytes));
        match logged(&whole) {
            Some((prefix, fields)) => Self::from_fields(prefix, &fields, whole.clone()),
            None => Self::from_plain(whole),
        }
    }

    fn from_fields(prefix: &str, fields: &Map<String, Value>, whole: Cow<'l, str>) -> Self {
        let of = |name: &str| fields.get(name).and_then(Value::as_str);
        let level = of("level").map_or_else(|| plain_level(prefix), level_of);
        let message = of("msg").unwrap_or_default().to_owned();
        let mut text = prefix.to_owned();
        text.push_str(&message);
        for (name, value) in fields.iter().filter(|(name, _)| !NOISE.contains(&name.as_str())) {
            // Writing to a String does not fail.
            let _ = match value {
                Value::String(value) => write!(text, "  {name}={value}"),
                other => write!(text, "  {name}={other}"),
            };
        }
        let time = of("ts").map(str::to_owned).or_else(|| time_of(prefix));
        let message = if message.is_empty() { prefix.to_owned() } else { message };
        Self { level, text: text.into(), message: message.into(), time, whole }
    }

    fn from_plain(whole: Cow<'l, str>) -> Self {
        // JSON that was cut off still reads as text once its quotes do.
        let text = if whole.contains("\\\"") { whole.replace("\\\"", "\"").into() } else { whole.clone() };
        Self { level: plain_level(&whole), time: time_of(&whole), message: text.clone(), text, whole }
    }
}

/// The JSON object at the end of a line, and what stands before it.
fn logged(line: &str) -> Option<(&str, Map<String, Value>)> {
    let start = line.find("{\"")?;
    let fields = serde_json::from_str(line[start..].trim_end()).ok()?;
    Some((&line[..start], fields))
}

fn level_of(name: &str) -> Level {
    match name {
        name if GRAVE_LEVELS.contains(&name) => Level::Grave,
        name if ORDINARY_LEVELS.contains(&name) => Level::Ordinary,
        _ => Level::Unknown,
    }
}

/// The level of a line that is not JSON, by the forms of `dev`, the console, gRPC, Go and etcdctl.
fn plain_level(line: &str) -> Level {
    // Beyond the first few words a level would be one of the message's own.
    let named = line.split(|c: char| c.is_whitespace() || c == '|').filter(|word| !word.is_empty()).take(8);
    for word in named {
        match word {
            "WARNING:" | "ERROR:" | "FATAL:" | "panic:" | "Error:" => return Level::Grave,
            "INFO:" => return Level::Ordinary,
            word => match level_of(word) {
                Level::Unknown => {}
                level => return level,
            },
        }
    }
    let fatal = line.contains("fatal error: ") || line.contains("\"level\":\"");
    match fatal && !ORDINARY_LEVELS.iter().any(|level| line.contains(&format!("\"level\":\"{level}\""))) {
        true => Level::Grave,
        false => Level::Unknown,
    }
}

/// The time at the start of a line of gRPC's (`2026/11/21 08:09:51`) or the console's (RFC 3339).
fn time_of(line: &str) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (date, rest) = line.split_once([' ', '\t', 'T'])?;
    let is_date =
        date.len() == 10 && date.split(['/', '-']).count() == 3 && date.split(['/', '-']).all(digits);
    let length = rest.find([' ', '\t']).unwrap_or(rest.len());
    (is_date && rest.as_bytes().get(2) == Some(&b':')).then(|| line[..date.len() + 1 + length].to_owned())
}
