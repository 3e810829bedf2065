//! How far a node is with the bundles that etcd has for it: what it says, against what was made for it. Pure.

use time::{Date, Duration, OffsetDateTime, Time};

/// A node that was not heard for so long is silent. One that answers does so once an hour at least.
pub const SILENT_AFTER: Duration = Duration::DAY;
/// By how much a node may miss the time by which it wanted to ask again.
pub const LATE_AFTER: Duration = Duration::HOUR;

/// What is kept of the verified answer of a node: there may be thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeardAnswer {
    /// When it said so.
    pub at: OffsetDateTime,
    /// The number of the bundle in use.
    pub sequence: u64,
    /// SHA-256 of its manifest, hexadecimal.
    pub manifest_sha256: String,
    /// Whether a member runs there that has to be restarted.
    pub needs_restart: bool,
    /// When the first of its certificates expires.
    pub expires_at: Option<OffsetDateTime>,
    /// When it asks again at the latest.
    pub next_sync_at: Option<OffsetDateTime>,
    /// The key that bundles for it may be sealed to.
    pub recipient: Option<String>,
    /// The number of a bundle that it has refused, and why.
    pub refused: Option<(u64, String)>,
    /// The version of this program there.
    pub zone_etcd: String,
}

/// The bundles that were made for a node, as far as they matter to one that says what it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedBundles {
    /// The number of the latest, and SHA-256 of its manifest.
    latest: Option<(u64, String)>,
    /// When the first was made that the node does not have.
    missing_since: Option<OffsetDateTime>,
}

impl RecordedBundles {
    /// One more, by its number, when it was made and the SHA-256 of its manifest; for a node that has in use
    /// the one of the number `has`, if it is known which.
    pub fn add(&mut self, (sequence, made_at, manifest): (u64, OffsetDateTime, &str), has: Option<u64>) {
        if self.latest.as_ref().is_none_or(|(latest, _)| *latest <= sequence) {
            self.latest = Some((sequence, manifest.to_owned()));
        }
        if has.is_some_and(|has| has < sequence) {
            let earlier = self.missing_since.filter(|since| *since <= made_at);
            self.missing_since = Some(earlier.unwrap_or(made_at));
        }
    }

    /// The number of the latest.
    pub fn latest(&self) -> Option<u64> {
        self.latest.as_ref().map(|(sequence, _)| *sequence)
    }
}

/// How far a node is. What comes first here is told before what follows, if several are so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Its client certificate was revoked: it gets nothing.
    Revoked,
    /// It is reached in another way.
    NotByEtcd,
    /// It says another key than bundles are sealed to, so it can open none of them.
    OtherRecipient {
        /// What it says.
        said: String,
        /// What is recorded.
        recorded: String,
    },
    /// It has said nothing for too long, or nothing that is to be believed.
    Silent {
        /// When it was heard last.
        last: Option<OffsetDateTime>,
    },
    /// It has refused a bundle that it lacks.
    Refused {
        /// The number of that bundle.
        sequence: u64,
        /// Why, in the words of the node.
        why: String,
    },
    /// Its first certificate ends soon, or has ended.
    Expiring {
        /// When it ends.
        at: OffsetDateTime,
    },
    /// It lacks a bundle that was made for it.
    Behind {
        /// When the first was made that it lacks.
        since: Option<OffsetDateTime>,
    },
    /// What it has in use was not made here, as far as is recorded: another signing host, or a zone directory
    /// that was put back.
    Unrecorded,
    /// It has the latest, and its member runs with what was before.
    NeedsRestart,
    /// It has the latest in use.
    UpToDate,
}

/// By what a node is judged.
#[derive(Clone, Copy, Debug)]
pub struct JudgedBy<'a> {
    /// What was made for it.
    pub bundles: &'a RecordedBundles,
    /// The key that is recorded, if it is one that a node may say.
    pub recipient: Option<&'a str>,
    /// Now.
    pub now: OffsetDateTime,
    /// A certificate that ends within this time is named.
    pub before: Duration,
}

/// How far a node is that etcd has bundles for. Who may write to etcd can put back an older answer of the
/// node, which says what was so at its time, and no newer one than it has signed.
pub fn delivery_state(heard: Option<&HeardAnswer>, by: &JudgedBy<'_>) -> DeliveryState {
    let Some(heard) = heard else { return DeliveryState::Silent { last: None } };
    if let (Some(said), Some(recorded)) = (&heard.recipient, by.recipient)
        && said != recorded
    {
        return DeliveryState::OtherRecipient { said: said.clone(), recorded: recorded.to_owned() };
    }
    if is_silent(heard, by.now) {
        return DeliveryState::Silent { last: Some(heard.at) };
    }
    let latest = by.bundles.latest();
    let lacks = latest.is_some_and(|latest| heard.sequence < latest);
    // Who may write to etcd can offer a node what was never made for it.
    if let Some((sequence, why)) = &heard.refused
        && *sequence > heard.sequence
        && latest.is_some_and(|latest| *sequence <= latest)
    {
        return DeliveryState::Refused { sequence: *sequence, why: why.clone() };
    }
    if let Some(at) = heard.expires_at
        && at <= soon(heard, by)
    {
        return DeliveryState::Expiring { at };
    }
    match &by.bundles.latest {
        _ if lacks => DeliveryState::Behind { since: by.bundles.missing_since },
        Some((sequence, manifest)) if *sequence == heard.sequence && *manifest == heard.manifest_sha256 => {
            if heard.needs_restart {
                DeliveryState::NeedsRestart
            } else {
                DeliveryState::UpToDate
            }
        }
        _ => DeliveryState::Unrecorded,
    }
}

fn is_silent(heard: &HeardAnswer, now: OffsetDateTime) -> bool {
    let is_late = |next: OffsetDateTime| now - next > LATE_AFTER;
    now - heard.at > SILENT_AFTER || heard.next_sync_at.is_some_and(is_late)
}

/// What ends until then is to be renewed now: a node that misses two of its questions in a row would be left
/// without.
fn soon(heard: &HeardAnswer, by: &JudgedBy<'_>) -> OffsetDateTime {
    let missed = heard.next_sync_at.and_then(|next| {
        let between = (next - heard.at).clamp(Duration::ZERO, SILENT_AFTER);
        next.min(by.now.checked_add(SILENT_AFTER)?).checked_add(between)
    });
    let before = by.now.checked_add(by.before).unwrap_or(OffsetDateTime::new_utc(Date::MAX, Time::MIDNIGHT));
    missed.map_or(before, |missed| missed.max(before))
}

/// A state without its particulars, as programs count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryKind {
    /// [`DeliveryState::UpToDate`]
    UpToDate,
    /// [`DeliveryState::Behind`]
    Behind,
    /// [`DeliveryState::NeedsRestart`]
    NeedsRestart,
    /// [`DeliveryState::Silent`]
    Silent,
    /// [`DeliveryState::Refused`]
    Refused,
    /// [`DeliveryState::Expiring`]
    Expiring,
    /// [`DeliveryState::OtherRecipient`]
    OtherRecipient,
    /// [`DeliveryState::Unrecorded`]
    Unrecorded,
    /// [`DeliveryState::NotByEtcd`]
    NotByEtcd,
    /// [`DeliveryState::Revoked`]
    Revoked,
}

impl DeliveryKind {
    /// In the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::UpToDate,
        Self::Behind,
        Self::NeedsRestart,
        Self::Silent,
        Self::Refused,
        Self::Expiring,
        Self::OtherRecipient,
        Self::Unrecorded,
        Self::NotByEtcd,
        Self::Revoked,
    ];

    /// Its name, which scripts may rely on.
    pub fn name(self) -> &'static str {
        match self {
            Self::UpToDate => "up_to_date",
            Self::Behind => "behind",
            Self::NeedsRestart => "needs_restart",
            Self::Silent => "silent",
            Self::Refused => "refused",
            Self::Expiring => "expiring",
            Self::OtherRecipient => "other_recipient",
            Self::Unrecorded => "unrecorded",
            Self::NotByEtcd => "not_by_etcd",
            Self::Revoked => "revoked",
        }
    }

    /// For people.
    pub fn words(self) -> String {
        self.name().replace('_', " ")
    }

    /// Whether nothing is to be done about a node that is so far.
    pub fn is_well(self) -> bool {
        matches!(self, Self::UpToDate | Self::NotByEtcd | Self::Revoked)
    }
}

impl DeliveryState {
    /// Without its particulars.
    pub fn kind(&self) -> DeliveryKind {
        match self {
            Self::Revoked => DeliveryKind::Revoked,
            Self::NotByEtcd => DeliveryKind::NotByEtcd,
            Self::OtherRecipient { .. } => DeliveryKind::OtherRecipient,
            Self::Silent { .. } => DeliveryKind::Silent,
            Self::Refused { .. } => DeliveryKind::Refused,
            Self::Expiring { .. } => DeliveryKind::Expiring,
            Self::Behind { .. } => DeliveryKind::Behind,
            Self::Unrecorded => DeliveryKind::Unrecorded,
            Self::NeedsRestart => DeliveryKind::NeedsRestart,
            Self::UpToDate => DeliveryKind::UpToDate,
        }
    }
}
