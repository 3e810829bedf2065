//! Alarms. They are read from the members' own status: asking for them by `Maintenance.Alarm` goes through
//! the log (`server/etcdserver/v3_server.go`), so it would be a write, and there would be no answer without a
//! quorum.

use std::fmt;

use model::plan::EtcdId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// The database has reached its quota: writes are refused.
    NoSpace,
    /// A member's data differs from the others'.
    Corrupt,
}

impl AlarmKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSpace => "NOSPACE",
            Self::Corrupt => "CORRUPT",
        }
    }
}

impl fmt::Display for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alarm {
    pub member: EtcdId,
    pub kind: AlarmKind,
}

impl Alarm {
    /// Reads the text that a status has for an alarm, `memberID:1234 alarm:NOSPACE `. How many blanks there
    /// are depends on the build of etcd: protobuf's text form says so on purpose.
    pub fn parse(text: &str) -> Option<Self> {
        let mut member = None;
        let mut kind = None;
        let spaced = text.replace(':', ": ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        for pair in words.chunks_exact(2) {
            match pair {
                ["memberID:", id] => member = id.parse().ok().map(EtcdId),
                ["alarm:", "NOSPACE"] => kind = Some(AlarmKind::NoSpace),
                ["alarm:", "CORRUPT"] => kind = Some(AlarmKind::Corrupt),
                _ => return None,
            }
        }
        // A member id of zero is left out by protobuf, and no member has it.
        Some(Self { member: member?, kind: kind? })
    }
}
