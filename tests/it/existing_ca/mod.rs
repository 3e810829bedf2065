//! CAs that openssl and cfssl made, and what becomes of them.

mod carried;
mod checked;
mod external;
mod files;
mod in_place;
mod issuing;
mod locked;
mod planes;

use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::AuthoritiesElsewhere;
use crate::support::Refusal;

/// Issues everything for the zone, and has it found in order by the program and by openssl, to which only
/// `root` is known.
#[track_caller]
fn issue_and_verify(zone: &TestZone, elsewhere: &AuthoritiesElsewhere, root: &str) {
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    zone.run(&["pki", "check"]).expect_code(0);
    let server = zone.file("nodes/node1/pki/current/server.crt").display().to_string();
    elsewhere.openssl(&format!(
        "verify -x509_strict -purpose sslserver -verify_hostname node1.example.zone -CAfile {root} \
         -untrusted {server} {server}"
    ));
}

/// Expects that `init` refuses, and leaves nothing behind.
#[track_caller]
fn refused(elsewhere: &AuthoritiesElsewhere, options: &[&str], code: i32, texts: &[&str]) {
    let zone = TestZone::empty();
    elsewhere.init(&zone, options).expect_refusal(code, texts);
    assert!(!zone.path().exists(), "something was written");
}
