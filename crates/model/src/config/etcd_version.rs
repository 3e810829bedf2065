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

/// A line of versions that this program drives. A new one is a row of [`LINES`]; its flags are in
/// `etcd/flags.tsv`.
#[derive(Clone, Copy)]
struct Line {
    minor: MinorVersion,
    /// The patch that is bundled, and so the one to name in a path.
    bundled: u64,
    /// The first patch that is safe to run, and why those before it are not.
    safe_from: Option<(u64, &'static str)>,
    /// The first patch from which the next minor may follow. Members that were removed come back, and
    /// learners that were promoted are learners again, after older ones (etcd's upgrade guides for 3.6 and
    /// 3.7).
    leaves_from: Option<u64>,
}

/// The last one is run when nothing else is asked for.
const LINES: &[Line] = &[
    Line {
        minor: MinorVersion::V3_5,
        bundled: 35,
        safe_from: Some((3, "a crash can corrupt its data; run 3.5.35 or a later line")),
        leaves_from: Some(26),
    },
    Line { minor: MinorVersion::V3_6, bundled: 16, safe_from: None, leaves_from: Some(11) },
    Line {
        minor: MinorVersion::V3_7,
        bundled: 3,
        safe_from: Some((3, "it can send raft messages in reverse order; run 3.7.3 or later")),
        leaves_from: None,
    },
    #[cfg(feature = "next")]
    Line { minor: MinorVersion { major: 3, minor: 8 }, bundled: 0, safe_from: None, leaves_from: None },
];

/// A minor version, such as 3.6: what etcd records as the version of a cluster and of its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinorVersion {
    /// The first number.
    pub major: u64,
    /// The second number.
    pub minor: u64,
}

impl MinorVersion {
    /// 3.5, which has a v2 store.
    pub const V3_5: Self = Self { major: 3, minor: 5 };
    /// 3.6, whose members tell the version of their storage.
    pub const V3_6: Self = Self { major: 3, minor: 6 };
    /// 3.7, which reads none of the requests of etcd 2.
    pub const V3_7: Self = Self { major: 3, minor: 7 };

    /// Reads `3.6` or `3.6.0`, as etcd writes both.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|part| part.parse().ok());
        Some(Self { major: numbers.next()??, minor: numbers.next()?? })
    }

    /// Whether an upgrade from here to `to` leaves out no minor.
    pub(crate) fn reaches(self, to: Self) -> bool {
        self.major == to.major && self.minor + 1 >= to.minor
    }

    pub(crate) fn before(self) -> Self {
        Self { minor: self.minor.saturating_sub(1), ..self }
    }

    pub(crate) fn after(self) -> Self {
        Self { minor: self.minor.saturating_add(1), ..self }
    }

    /// The release to run of this minor, if it is one that this program drives.
    pub fn release(self) -> Option<EtcdVersion> {
        self.line().map(|line| line.minor.patch(line.bundled))
    }

    /// The release from which the next minor may follow, if not any does.
    pub(crate) fn first_to_leave(self) -> Option<EtcdVersion> {
        self.line()?.leaves_from.map(|patch| self.patch(patch))
    }

    /// The lines that this program drives, the earliest first.
    pub fn all() -> impl Iterator<Item = Self> {
        LINES.iter().map(|line| line.minor)
    }

    fn line(self) -> Option<&'static Line> {
        LINES.iter().find(|line| line.minor == self)
    }

    const fn patch(self, patch: u64) -> EtcdVersion {
        EtcdVersion { major: self.major, minor: self.minor, patch }
    }
}

impl From<EtcdVersion> for MinorVersion {
    fn from(version: EtcdVersion) -> Self {
        Self { major: version.major, minor: version.minor }
    }
}

impl fmt::Display for MinorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Why a version is not driven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The text is no version.
    #[error("`{0}` is no etcd version")]
    Unreadable(String),
    /// A line whose flags and data this program does not know.
    #[error("etcd {0} is not supported: the supported lines are {lines}", lines = supported_lines())]
    Unsupported(EtcdVersion),
    /// A pre-release.
    #[error("etcd {0} is a pre-release, which no cluster should depend on")]
    PreRelease(String),
    /// A version that loses or corrupts data.
    #[error("etcd {0} is not safe to run: {1}")]
    Unsafe(EtcdVersion, &'static str),
}

impl EtcdVersion {
    /// The version that is bundled and run when nothing else is asked for.
    pub const DEFAULT: Self = {
        let last = LINES[LINES.len() - 1];
        last.minor.patch(last.bundled)
    };

    /// Reads a version that this program can drive.
    pub fn parse_supported(text: &str) -> Result<Self, VersionError> {
        let version: Self = text.parse()?;
        version.line()?;
        Ok(version)
    }

    /// The line of this version, which is one that this program drives and is safe to run.
    pub fn line(self) -> Result<MinorVersion, VersionError> {
        let line = MinorVersion::from(self).line().ok_or(VersionError::Unsupported(self))?;
        match line.safe_from {
            Some((patch, reason)) if self.patch < patch => Err(VersionError::Unsafe(self, reason)),
            _ => Ok(line.minor),
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
            && let Ok(release) = release.parse::<Self>()
        {
            let is_driven = cfg!(feature = "next") && release == Self::DEFAULT;
            return if is_driven { Ok(release) } else { Err(VersionError::PreRelease(bare.to_owned())) };
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

fn supported_lines() -> String {
    let mut text = String::new();
    for (index, minor) in MinorVersion::all().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == LINES.len() => " and ",
            _ => ", ",
        };
        text += &format!("{before}{minor}");
    }
    text
}
