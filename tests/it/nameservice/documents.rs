//! Which documents are served, and which are not.

use nix::sys::signal::Signal;
use time::OffsetDateTime;
use zone_pki::KeyAlgorithm;

use super::server::{Served, document, iat};
use crate::harness::processes::until;
use crate::zone_document::{THREE, authority, signed};

const ZONE: &str = "/resolve?name=example.zone";

#[test]
fn only_what_verifies_is_served_and_the_rest_is_told_once() {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let served = Served::with(|ca, directory| {
        let other = authority("another CA", KeyAlgorithm::P256);
        let of = |zone: &str| THREE.replace("example.zone", zone);
        let good = |zone: &str| signed(ca, &of(zone), now, now + 1000);
        for (name, text) in [
            ("foreign.json", signed(&other, &of("foreign.zone"), now, now + 1000)),
            ("changed.json", good("changed.zone").replace("10.0.0.2", "10.0.0.9")),
            ("unsigned.json", of("unsigned.zone")),
            ("long.json", format!("{}{}", good("long.zone"), " ".repeat(64 << 10))),
            ("broken.json", "{ \"type\": \"zone\" ".to_owned()),
            ("expired.json", signed(ca, &of("expired.zone"), now - 1000, now - 1)),
            ("future.json", signed(ca, &of("future.zone"), now + 1000, now + 2000)),
            // Of these nothing is said: a node directory has such files.
            ("node.json", "{ \"name\": \"node1.kind.zone\" }".to_owned()),
            (".hidden.json", good("hidden.zone")),
            ("document.txt", good("text.zone")),
            ("good.json", good("good.zone")),
        ] {
            std::fs::write(directory.join(name), text).expect("a file");
        }
        std::fs::create_dir(directory.join("directory.json")).expect("a directory");
    });
    assert_eq!(served.get("/resolve?name=good.zone").status, 200);
    for absent in ["foreign", "changed", "unsigned", "long", "expired", "future", "kind", "hidden", "text"] {
        let zone = served.get(&format!("/resolve?name={absent}.zone"));
        assert_eq!(zone.status, 404, "{absent}: {zone:?}");
        assert_eq!(zone.body.contains("expired at"), absent == "expired", "{zone:?}");
        let node = served.get(&format!("/resolve?name=node1.{absent}.zone"));
        assert_eq!(node.status, 404, "{absent}: {node:?}");
    }
    // SIGHUP has all of it read again.
    served.process.signal(Signal::SIGHUP);
    let later = signed(&served.ca, &THREE.replace("example.zone", "later.zone"), now, now + 1000);
    std::fs::write(served.file("later.json"), later).expect("a document");
    until("the later one", || (served.get("/resolve?name=later.zone").status == 200).then_some(()));
    let told = served.process.stderr();
    for (name, times) in [
        ("foreign.json", 1),
        ("changed.json", 1),
        ("unsigned.json", 1),
        ("long.json", 1),
        ("broken.json", 1),
        ("directory.json", 1),
        ("node.json", 0),
        ("document.txt", 0),
        ("hidden.json", 0),
        ("good.json", 0),
    ] {
        let count = told.lines().filter(|line| line.contains(&format!("{name} is not served"))).count();
        assert_eq!(count, times, "{name} in\n{told}");
    }
}

#[test]
fn the_latest_is_served_and_a_directory_is_read_again() {
    let served = Served::with(|ca, directory| {
        for (name, later) in [("a.json", -10), ("b.json", -5), ("c.json", -20), ("d.json", 1000)] {
            std::fs::write(directory.join(name), document(ca, later)).expect("a document");
        }
    });
    let shown = || iat(&served.get(ZONE).body);
    let of = |name: &str| iat(&std::fs::read_to_string(served.file(name)).expect("a document"));
    assert_eq!(shown(), of("b.json"), "the future one is not accepted, and hides none");
    std::fs::write(served.file("c.json"), document(&served.ca, -1)).expect("a document");
    until("the one that is later now", || (shown() == of("c.json")).then_some(()));
    std::fs::remove_file(served.file("c.json")).expect("it was there");
    until("the one before", || (shown() == of("b.json")).then_some(()));
    // One that has expired stays the latest: an older one would be a step back.
    let now = OffsetDateTime::now_utc().unix_timestamp();
    std::fs::write(served.file("e.json"), signed(&served.ca, THREE, now - 2, now - 1)).expect("a document");
    let reply = until("the end of all", || Some(served.get(ZONE)).filter(|reply| reply.status == 404));
    assert!(reply.body.contains("expired at"), "{reply:?}");
    std::fs::remove_dir_all(served.file("")).expect("it was there");
    until("what is said of the directory", || {
        (served.get("/health?provider=directory").status == 503).then_some(())
    });
    assert_eq!(served.get("/health").status, 200);
}

/// A document that ends while it is served.
#[test]
fn a_document_is_served_until_it_expires() {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let served = Served::with(|ca, directory| {
        std::fs::write(directory.join("zone.json"), signed(ca, THREE, now - 10, now + 4))
            .expect("a document");
    });
    assert_eq!(served.get(ZONE).status, 200);
    let reply = until("its end", || Some(served.get(ZONE)).filter(|reply| reply.status != 200));
    assert_eq!(reply.status, 404, "{reply:?}");
    assert!(OffsetDateTime::now_utc().unix_timestamp() >= now + 4);
}

/// While one CA takes the place of another, the file gets a second one.
#[test]
fn a_ca_that_comes_later_counts() {
    let served = Served::one();
    let other = authority("another CA", KeyAlgorithm::P256);
    std::fs::write(served.file("other.json"), document(&other, 1)).expect("a document");
    let both = format!("{}{}", served.ca.certificate().pem(), other.certificate().pem());
    std::fs::write(served.file("../ca.crt"), both).expect("the CAs");
    let text = std::fs::read_to_string(served.file("other.json")).expect("the document");
    until("the document of the other CA", || (served.get(ZONE).body == text).then_some(()));
    // One that cannot be read changes nothing.
    std::fs::write(served.file("../ca.crt"), "no PEM").expect("the CAs");
    until("what is said of it", || served.process.stderr().contains("cannot be used as a CA").then_some(()));
    assert_eq!(served.get(ZONE).body, text);
}
