//! How messages write a point in time.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// RFC 3339, to the second: `2026-11-20T16:13:48Z`.
pub fn instant(at: OffsetDateTime) -> String {
    whole_seconds(at).format(&Rfc3339).unwrap_or_default()
}

/// The second that an instant is in: certificates, lists, logs and manifests know no more.
pub fn whole_seconds(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).unwrap_or(at)
}
