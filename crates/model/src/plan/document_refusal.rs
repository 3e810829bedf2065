//! Why a zone document is not taken.

use time::OffsetDateTime;
use zone_pki::{JwsError, instant};

use crate::config::{Problem, Severity, ZoneDocument, ZoneDocumentFault, ZoneName};
use crate::error::{Exit, Failure};
use crate::foreign_text::said;

/// One reason each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentRefusal {
    /// It was not found where it should be.
    #[error("it is not there")]
    NotFound,
    /// It is there, and cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// What should have it does not answer.
    #[error("there is no answer")]
    NoAnswer,
    /// It has not the shape of a zone document.
    #[error("it has {}", count(.0))]
    Shape(Vec<Problem>),
    /// It is of something else.
    #[error("its type is {:?}, not {:?}", said(.0), ZoneDocument::TYPE)]
    OtherType(String),
    /// It is of a version that is not known.
    #[error("its api_version is {:?}, and this program knows {:?}", said(.0), ZoneDocument::API_VERSION)]
    OtherVersion(String),
    /// It has no signature.
    #[error("it is not signed: it has no `sign`")]
    Unsigned,
    /// Its signature cannot be read.
    #[error("its signature cannot be used: {0}")]
    Signature(#[from] JwsError),
    /// Its signature says less than it has to.
    #[error("the header of its signature lacks {lacks}")]
    Header {
        /// What.
        lacks: &'static str,
    },
    /// No key that is trusted has signed these bytes.
    #[error(
        "its signature is not by a CA that is trusted, or not over this content ({})",
        keys_tried(*.tried)
    )]
    OtherKey {
        /// How many keys there are.
        tried: usize,
    },
    /// It is of another zone.
    #[error("it is of the zone {found}, not {wanted}")]
    OtherZone {
        /// Its zone.
        found: ZoneName,
        /// That of the node.
        wanted: ZoneName,
    },
    /// It was signed later than now.
    #[error("it is from the future: it was signed at {}, and it is {} here", instant(*.iat), instant(*.now))]
    FromTheFuture {
        /// When it says it was signed.
        iat: OffsetDateTime,
        /// What time it is here.
        now: OffsetDateTime,
    },
    /// Its time has passed.
    #[error("it expired at {}", instant(*.exp))]
    Expired {
        /// When.
        exp: OffsetDateTime,
    },
    /// A later one was accepted before.
    #[error(
        "it is older than the last one: it was signed at {}, that at {}",
        instant(*.iat),
        instant(*.last)
    )]
    Older {
        /// When it was signed.
        iat: OffsetDateTime,
        /// When the last one was.
        last: OffsetDateTime,
    },
    /// Another one of the same time was accepted before.
    #[error("another one, signed at the same time, {}, was accepted before", instant(*.iat))]
    SameTime {
        /// When both were signed.
        iat: OffsetDateTime,
    },
    /// A node with a log is a member by one of the two documents, and not by the other.
    #[error(
        "{node} {} by it, and has data of etcd",
        if *.is_member { "becomes a member" } else { "is a member no more" }
    )]
    OtherRole {
        /// The node.
        node: String,
        /// What it would be.
        is_member: bool,
    },
    /// The member of the node has other URLs in it than its log was written with.
    #[error("the URLs of {node} are others in it, {is}, and its data was written with {was}")]
    OtherUrls {
        /// The node.
        node: String,
        /// Before.
        was: String,
        /// In the document.
        is: String,
    },
    /// One member becomes several, or several become one.
    #[error(
        "it has {} where the last one has {}, and there is data of etcd",
        members(*.is),
        members(*.was)
    )]
    OtherCount {
        /// Before.
        was: usize,
        /// In the document.
        is: usize,
    },
}

impl DocumentRefusal {
    /// A word for a program. Words are added, never renamed.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::Unreadable(_) => "unreadable",
            Self::NoAnswer => "no-answer",
            Self::Shape(_) => "shape",
            Self::OtherType(_) => "type",
            Self::OtherVersion(_) => "api-version",
            Self::Unsigned => "unsigned",
            Self::Signature(_) | Self::Header { .. } => "signature-form",
            Self::OtherKey { .. } => "signature",
            Self::OtherZone { .. } => "zone",
            Self::FromTheFuture { .. } => "future",
            Self::Expired { .. } => "expired",
            Self::Older { .. } => "older",
            Self::SameTime { .. } => "same-time",
            Self::OtherRole { .. } => "role",
            Self::OtherUrls { .. } => "urls",
            Self::OtherCount { .. } => "member-count",
        }
    }

    /// The exit code of a command that needs the document.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NotFound => Exit::MissingInput,
            Self::NoAnswer => Exit::Unavailable,
            _ => Exit::BadInput,
        }
    }

    /// The failure of a command that needs the document, which came from `place`.
    pub fn failure(&self, place: &str) -> Failure {
        let failure = Failure::new(self.exit(), format!("the zone document {place} is not accepted"));
        let failure = failure.because(self.to_string());
        let mut failure = failure.next(self.next_step());
        if let Self::Shape(problems) = self {
            failure.causes.extend(problems.iter().map(|problem| problem.render(place)));
        }
        failure
    }

    fn next_step(&self) -> &'static str {
        match self {
            Self::NotFound => {
                "name the file, or sign a document on the signing host: zone-etcd nameservice sign"
            }
            Self::Unreadable(_) => "name a file that this user can read",
            Self::NoAnswer => "see that the nameservice runs and can be reached, and run the command again",
            Self::Shape(_)
            | Self::OtherType(_)
            | Self::Unsigned
            | Self::Signature(_)
            | Self::Header { .. } => {
                "sign the document again on the signing host: zone-etcd nameservice sign"
            }
            Self::OtherVersion(_) => "use a version of this program that knows it",
            Self::OtherKey { .. } => {
                "name the CA of the zone with --ca; if that is the one, do not use the document"
            }
            Self::OtherZone { .. } => "name the document of this zone",
            Self::FromTheFuture { .. } => {
                "set the clock of this machine, or of the signing host, and sign the document again"
            }
            Self::Expired { .. } => "sign a new one on the signing host: zone-etcd nameservice sign",
            Self::Older { .. } | Self::SameTime { .. } => {
                "fetch the newest one, or sign a new one on the signing host: zone-etcd nameservice sign"
            }
            Self::OtherRole { .. } | Self::OtherCount { .. } => {
                "see what the cluster says: zone-etcd member list"
            }
            Self::OtherUrls { .. } => "move the member by the command for it: zone-etcd member update NODE",
        }
    }
}

impl From<ZoneDocumentFault> for DocumentRefusal {
    fn from(fault: ZoneDocumentFault) -> Self {
        match fault {
            ZoneDocumentFault::Problems(problems) => Self::Shape(problems),
            ZoneDocumentFault::OtherType(found) => Self::OtherType(found),
            ZoneDocumentFault::OtherVersion(found) => Self::OtherVersion(found),
        }
    }
}

fn count(problems: &[Problem]) -> String {
    match problems.iter().filter(|problem| problem.severity == Severity::Error).count() {
        1 => "a problem".to_owned(),
        count => format!("{count} problems"),
    }
}

fn keys_tried(keys: usize) -> String {
    if keys == 1 { "one key was tried".to_owned() } else { format!("{keys} keys were tried") }
}

fn members(count: usize) -> String {
    if count == 1 { "one member".to_owned() } else { format!("{count} members") }
}
