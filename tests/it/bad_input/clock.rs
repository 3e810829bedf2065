//! Time: CAs that have expired or are not valid yet, a clock that is wrong, certificates from the future.

use time::{Duration, OffsetDateTime};

use super::{issued_zone, refused_by};
use crate::support::{Forged, authority_at};

const STEMS: [&str; 3] = ["root", "peer", "client"];
const READERS: [&[&str]; 3] = [&["plan", "--node", "node1"], &["pki", "check"], &["pki", "issue", "--all"]];

#[track_caller]
fn each(forge: impl Fn(&str) -> Forged, texts: &[&str]) {
    for stem in STEMS {
        let (zone, etcd) = issued_zone();
        forge(stem).put(&zone, stem);
        let file = format!("ca/{stem}.crt");
        let texts: Vec<&str> = texts.iter().copied().chain([file.as_str()]).collect();
        refused_by(&zone, &etcd, &READERS, 65, &texts);
    }
}

#[test]
fn an_expired_ca() {
    let now = OffsetDateTime::now_utc();
    let end = now - Duration::days(3);
    let until = format!("it was valid until {}", end.date());
    each(
        |stem| authority_at(stem, now - Duration::days(10), Duration::days(7)),
        &["has expired", &until, "check this machine's clock"],
    );
}

#[test]
fn a_ca_that_is_not_valid_yet() {
    let now = OffsetDateTime::now_utc();
    let made = now + Duration::days(3);
    let from = format!("it is valid from {}", (made - Duration::minutes(5)).date());
    each(
        |stem| authority_at(stem, made, Duration::days(7)),
        &["is not valid yet", &from, "this machine's clock says"],
    );
}

/// A machine without a battery-backed clock starts in 1970: for it, a CA that was made today is not valid
/// yet. The clock of this process cannot be turned back, so the CA is from the next century.
#[test]
fn a_clock_that_is_decades_behind() {
    let made = OffsetDateTime::now_utc() + Duration::days(40 * 365);
    each(
        |stem| authority_at(stem, made, Duration::days(365)),
        &["is not valid yet", "set this machine's clock"],
    );
}
