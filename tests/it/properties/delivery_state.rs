//! How far a node is, whatever it says and whenever.

use model::plan::{
    DeliveryKind, DeliveryState, HeardAnswer, JudgedBy, LATE_AFTER, RecordedBundles, SILENT_AFTER,
    delivery_state,
};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

/// Hours since then.
fn at(hours: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_800_000_000 + hours * 3600).expect("a time")
}

/// The digest of a bundle by its number; another signing host makes others.
fn digest(sequence: u64, is_other: bool) -> String {
    format!("{}{sequence}", if is_other { "other" } else { "made" })
}

/// Adds a bundle as it is recorded, for a node that has this one.
fn add(bundles: &mut RecordedBundles, sequence: u64, has: Option<u64>) {
    let made_at = at(i64::try_from(sequence).expect("small"));
    bundles.add((sequence, made_at, &digest(sequence, false)), has);
}

fn answer(said: i64, sequence: u64, is_other: bool) -> HeardAnswer {
    HeardAnswer {
        at: at(said),
        sequence,
        manifest_sha256: digest(sequence, is_other),
        needs_restart: false,
        expires_at: None,
        next_sync_at: None,
        recipient: None,
        refused: None,
        zone_etcd: "1".to_owned(),
    }
}

fn heard() -> impl Strategy<Value = HeardAnswer> {
    let hours = || proptest::option::of(-50..100_i64);
    let refused = proptest::option::of((0..8_u64, Just("why".to_owned())));
    ((0..40_i64, 0..8_u64, any::<bool>(), any::<bool>()), (hours(), hours(), 0..3_u8, refused)).prop_map(
        |((said, sequence, is_other, needs_restart), (expires, next, key, refused))| HeardAnswer {
            needs_restart,
            expires_at: expires.map(|hours| at(said + hours)),
            next_sync_at: next.map(|hours| at(said + hours)),
            recipient: (key > 0).then(|| format!("age1{key}")),
            refused,
            ..answer(said, sequence, is_other)
        },
    )
}

/// Bundles up to a number, as the log has them for a node that has one of them.
fn recorded(latest: u64, has: Option<u64>) -> RecordedBundles {
    let mut bundles = RecordedBundles::default();
    (1..=latest).for_each(|sequence| add(&mut bundles, sequence, has));
    bundles
}

proptest! {
    #[test]
    fn only_what_is_so_is_said(
        heard in heard(),
        latest in 0..6_u64,
        recipient in proptest::option::of(Just("age11")),
        now in 0..90_i64,
        before in 0..20_i64,
    ) {
        let (bundles, now) = (recorded(latest, Some(heard.sequence)), at(now));
        let by = JudgedBy { bundles: &bundles, recipient, now, before: Duration::hours(before) };
        let state = delivery_state(Some(&heard), &by);
        let is_heard = now - heard.at <= SILENT_AFTER
            && heard.next_sync_at.is_none_or(|next| now - next <= LATE_AFTER);
        let has_latest = latest > 0 && heard.sequence == latest && heard.manifest_sha256.starts_with("made");
        let ends = heard.expires_at.is_some_and(|end| end <= now + by.before);
        match &state {
            DeliveryState::UpToDate | DeliveryState::NeedsRestart => {
                prop_assert!(is_heard && has_latest && !ends);
                prop_assert_eq!(state == DeliveryState::NeedsRestart, heard.needs_restart);
            }
            DeliveryState::Behind { since } => {
                prop_assert!(is_heard && heard.sequence < latest && !ends);
                let first = i64::try_from(heard.sequence + 1).expect("small");
                prop_assert_eq!(*since, Some(at(first)));
            }
            DeliveryState::Unrecorded => {
                prop_assert!(is_heard && !ends && heard.sequence >= latest && !has_latest);
            }
            DeliveryState::Refused { sequence, .. } => {
                prop_assert!(is_heard && heard.sequence < *sequence && *sequence <= latest);
            }
            DeliveryState::Expiring { at: end } => {
                prop_assert!(is_heard);
                prop_assert_eq!(Some(*end), heard.expires_at);
                let next = heard.next_sync_at.map(|next| next + (next - heard.at).max(Duration::ZERO));
                prop_assert!(ends || next.is_some_and(|next| *end <= next));
            }
            DeliveryState::Silent { last } => {
                prop_assert!(!is_heard);
                prop_assert_eq!(*last, Some(heard.at));
            }
            DeliveryState::OtherRecipient { said, .. } => {
                prop_assert!(Some(said.as_str()) != recipient && recipient.is_some());
            }
            DeliveryState::NotByEtcd | DeliveryState::Revoked => prop_assert!(false, "it is judged"),
        }
    }

    /// Who puts back what a node said once makes no more of it by waiting.
    #[test]
    fn nothing_is_up_to_date_for_longer_than_a_day(
        heard in heard(),
        latest in 0..6_u64,
        later in 0..200_i64,
    ) {
        let bundles = recorded(latest, Some(heard.sequence));
        let kind = |now| {
            let by = JudgedBy { bundles: &bundles, recipient: None, now, before: Duration::ZERO };
            delivery_state(Some(&heard), &by).kind()
        };
        if later > SILENT_AFTER.whole_hours() {
            prop_assert_eq!(kind(heard.at + Duration::hours(later)), DeliveryKind::Silent);
        }
        // More bundles bring no node nearer to the latest.
        let more = recorded(latest + 1, Some(heard.sequence));
        let by = JudgedBy { bundles: &more, recipient: None, now: heard.at, before: Duration::ZERO };
        if heard.sequence <= latest {
            prop_assert_ne!(delivery_state(Some(&heard), &by).kind(), DeliveryKind::UpToDate);
        }
    }

    /// No answer, whatever was made for the node.
    #[test]
    fn one_that_was_never_heard_is_silent(latest in 0..6_u64) {
        let bundles = recorded(latest, None);
        let by = JudgedBy { bundles: &bundles, recipient: None, now: at(0), before: Duration::ZERO };
        prop_assert_eq!(delivery_state(None, &by), DeliveryState::Silent { last: None });
    }
}

/// The log may have them out of order, after two signing hosts.
#[test]
fn the_latest_has_the_greatest_number() {
    let mut bundles = RecordedBundles::default();
    [3, 1, 2].into_iter().for_each(|sequence| add(&mut bundles, sequence, Some(1)));
    assert_eq!(bundles.latest(), Some(3));
    let by = JudgedBy { bundles: &bundles, recipient: None, now: at(4), before: Duration::ZERO };
    let state = delivery_state(Some(&answer(4, 1, false)), &by);
    assert_eq!(state, DeliveryState::Behind { since: Some(at(2)) });
}
