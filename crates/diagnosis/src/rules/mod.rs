//! What to think of what was observed: facts are arguments, findings the result. How a node is run, for the
//! commands that are proposed, is known to the [`Site`](store::site::Site).

pub mod authorities;
pub mod certificates;
pub mod command_line;
pub mod database;
pub mod deliveries;
mod files;
pub mod forwards;
pub mod machine;
mod membership;
pub mod names;
pub mod peers;
pub mod remedies;
pub mod served_certificates;
pub mod snapshots;
pub mod source;
pub mod zone;

use model::plan::days_left;
use time::OffsetDateTime;
use zone_pki::Certificate;

/// A duration as people say it: `40 µs`, `3.2 ms`, `1.5 s`.
pub(super) fn shown(duration: std::time::Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        tiny if tiny < 0.1 => format!("{:.0} µs", tiny * 1000.0),
        small if small < 10.0 => format!("{small:.1} ms"),
        medium if medium < 1000.0 => format!("{medium:.0} ms"),
        large => format!("{:.1} s", large / 1000.0),
    }
}

/// A number of bytes as people say it.
pub(super) fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().iec().to_string()
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// How long a certificate is valid still.
pub(super) fn time_left(certificate: &Certificate, now: OffsetDateTime) -> String {
    match days_left(certificate, now) {
        0 => format!("{} hours", (certificate.not_after() - now).whole_hours()),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
