//! etcd's log lines, which are JSON objects, made readable.

use std::fmt::Write as _;

use serde_json::{Map, Value};

#[derive(Clone, Debug)]
pub(super) struct LogLine {
    /// `info`, `warn`, `error`, …; none for what is not a log line of etcd's.
    pub(super) level: Option<String>,
    /// What etcd says, without the details.
    pub(super) message: String,
    details: String,
}

/// Fields that say where in etcd's source a line came from, not what happened.
const NOISE: [&str; 5] = ["level", "ts", "caller", "msg", "stacktrace"];

/// What Go's TLS says of a client without a certificate (`crypto/tls`, `handshake_server.go`).
const NO_CERTIFICATE: &str = "client didn't provide a certificate";

impl LogLine {
    pub(super) fn parse(text: &str) -> Self {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(fields) => Self::from_fields(&fields),
            Err(_) => Self { level: None, message: text.trim_end().to_owned(), details: String::new() },
        }
    }

    /// Whether it is shown without a request for all lines.
    pub(super) fn is_notable(&self) -> bool {
        !matches!(self.level.as_deref(), Some("debug" | "info")) && !self.is_our_look()
    }

    /// Whether it is about a client that looks at the certificate of the peer plane and presents none, as
    /// `status` and others of our commands do.
    fn is_our_look(&self) -> bool {
        self.message == "rejected connection on peer endpoint" && self.details.contains(NO_CERTIFICATE)
    }

    /// The line for a person.
    pub(super) fn render(&self) -> String {
        match &self.level {
            Some(level) => format!("{level:<5} {}{}", self.message, self.details),
            None => self.message.clone(),
        }
    }

    fn from_fields(fields: &Map<String, Value>) -> Self {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut details = String::new();
        for (name, value) in fields.iter().filter(|(name, _)| !NOISE.contains(&name.as_str())) {
            let _ = match value {
                Value::String(value) => write!(details, "  {name}={value}"),
                other => write!(details, "  {name}={other}"),
            };
        }
        Self { level: Some(text("level")), message: text("msg"), details }
    }
}
