//! The steps, by number and name.

use std::fmt;
use std::str::FromStr;

/// A step of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The local config is read.
    LocalConfig,
    /// The nameservice is started, without the zone's etcd.
    Nameservice,
    /// The zone document, or what else tells of the members, is asked for.
    ZoneDocument,
    /// The member is started; a node without one waits for the zone.
    Etcd,
    /// The nameservice is told of the zone's etcd.
    Provider,
    /// The other processes are started.
    Processes,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::LocalConfig,
        Self::Nameservice,
        Self::ZoneDocument,
        Self::Etcd,
        Self::Provider,
        Self::Processes,
    ];

    /// From 1 to 6.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// Its name on the command line and for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalConfig => "local-config",
            Self::Nameservice => "nameservice",
            Self::ZoneDocument => "zone-document",
            Self::Etcd => "etcd",
            Self::Provider => "provider",
            Self::Processes => "processes",
        }
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_meant = |step: &Self| step.as_str() == text || step.number().to_string() == text;
        Self::ALL.into_iter().find(is_meant).ok_or_else(|| {
            let names = Self::ALL.map(|step| format!("{} ({})", step.number(), step.as_str()));
            format!("write one of {}", names.join(", "))
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.number(), Self::ALL.len(), self.as_str())
    }
}
