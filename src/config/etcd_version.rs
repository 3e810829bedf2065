//! Versions of etcd, and which of them this program knows how to drive.

use std::fmt;
use std::str::FromStr;

/// A released version of etcd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EtcdVersion {
    /// The first number, 3.
    pub major: u64,
    /// The second number: versions that share it take the same flags.
    pub minor: u64,
    /// The third number.
    pub patch: u64,
}

/// A line of versions whose flags are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    /// 3.5
    V3_5,
    /// 3.6
    V3_6,
    /// 3.7
    V3_7,
}

/// Why a version is not driven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The text is no version.
    #[error("`{0}` is no etcd version")]
    Unreadable(String),
    /// A line whose flags and data this program does not know.
    #[error("etcd {0} is not supported: the supported lines are {lines}", lines = EtcdVersion::SUPPORTED)]
    Unsupported(EtcdVersion),
    /// A pre-release.
    #[error("etcd {0} is a pre-release, which no cluster should depend on")]
    PreRelease(String),
    /// A version that loses or corrupts data.
    #[error("etcd {0} is not safe to run: {1}")]
    Unsafe(EtcdVersion, &'static str),
}

impl EtcdVersion {
    /// The supported lines, for messages.
    pub const SUPPORTED: &'static str = "3.5, 3.6 and 3.7";
    /// The version that is bundled and run when nothing else is asked for.
    pub const DEFAULT: Self = Self { major: 3, minor: 7, patch: 3 };

    /// Reads a version that this program can drive.
    pub fn parse_supported(text: &str) -> Result<Self, VersionError> {
        let version: Self = text.parse()?;
        version.line()?;
        Ok(version)
    }

    /// The line of this version.
    pub fn line(self) -> Result<Line, VersionError> {
        if let Some(reason) = self.known_unsafe() {
            return Err(VersionError::Unsafe(self, reason));
        }
        match (self.major, self.minor) {
            (3, 5) => Ok(Line::V3_5),
            (3, 6) => Ok(Line::V3_6),
            (3, 7) => Ok(Line::V3_7),
            _ => Err(VersionError::Unsupported(self)),
        }
    }

    fn known_unsafe(self) -> Option<&'static str> {
        match (self.major, self.minor, self.patch) {
            (3, 5, 0..=2) => Some("a crash can corrupt its data; run 3.5.35 or a later line"),
            (3, 7, 0..=2) => Some("it can send raft messages in reverse order; run 3.7.3 or later"),
            _ => None,
        }
    }

    /// Reads what `etcd --version` prints: `etcd Version: 3.7.3` in the first line.
    pub fn from_banner(banner: &str) -> Result<Self, VersionError> {
        let text = banner.lines().find_map(|line| line.strip_prefix("etcd Version:")).map(str::trim);
        text.ok_or_else(|| VersionError::Unreadable(banner.lines().next().unwrap_or_default().to_owned()))?
            .parse()
    }
}

impl FromStr for EtcdVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let unreadable = || VersionError::Unreadable(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        if let Some((release, _)) = bare.split_once('-')
            && release.parse::<Self>().is_ok()
        {
            return Err(VersionError::PreRelease(bare.to_owned()));
        }
        let mut numbers = bare.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten().ok_or_else(unreadable)
        });
        let mut next = || numbers.next().unwrap_or_else(|| Err(unreadable()));
        let version = Self { major: next()?, minor: next()?, patch: next()? };
        if numbers.next().is_some() { Err(unreadable()) } else { Ok(version) }
    }
}

impl fmt::Display for EtcdVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}
