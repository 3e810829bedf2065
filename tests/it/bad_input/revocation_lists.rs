//! Revocation lists: etcd refuses every connection when one of them is damaged.

use super::{issued_zone, refused_by};

const READERS: [&[&str]; 3] = [&["plan", "--node", "node1"], &["pki", "check"], &["pki", "issue", "--all"]];

#[test]
fn an_empty_or_missing_one() {
    for stem in ["peer", "client"] {
        let (zone, etcd) = issued_zone();
        let path = zone.file(&format!("ca/{stem}.crl"));
        std::fs::write(&path, "").expect("emptied");
        refused_by(&zone, &etcd, &READERS, 65, &[&format!("ca/{stem}.crl is empty"), "put the file back"]);
        std::fs::remove_file(&path).expect("removed");
        refused_by(
            &zone,
            &etcd,
            &READERS,
            66,
            &["cannot read", &format!("ca/{stem}.crl"), "put the file back"],
        );
    }
}
