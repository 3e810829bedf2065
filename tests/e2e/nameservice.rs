//! The zone document in the zone's etcd: published, and served from there.

use std::path::Path;
use std::time::{Duration, Instant};

use etcd::tls::Trust;
use model::plan::DocumentSigners;
use nameservice::{
    Base, FetchError, NameserviceProvider, Provider, PublishError, Published, fetch, probe, publish,
    write_provider,
};
use nix::sys::signal::Signal;
use time::OffsetDateTime;
use zone_pki::Certificate;

use crate::harness::clock::turn;
use crate::harness::isolation::isolated;
use crate::harness::members::{call, etcdctl, loopback_zone};
use crate::harness::processes::{Running, until};
use crate::harness::supervised::{Supervised, supervise_on_loopback};
use crate::harness::{TestZone, outcome, zone_etcd};

const LIMIT: Duration = Duration::from_secs(10);
const KEY: &str = "/zone-etcd/nameservice/example.zone";
const NODES: &str = "/zone-etcd/nameservice/nodes/";
const MORE: &str =
    "[[node]]\nname = \"node9\"\naddress = \"127.0.0.1\"\nclient_port = 9379\npeer_port = 9380\n";

fn zone_of(members: u16) -> (TestZone, Vec<Supervised>) {
    let zone = loopback_zone(members, "");
    zone.run(&["init"]).expect_code(0);
    let names = ["node1", "node2", "node3"];
    let members = supervise_on_loopback(&zone, &names[..usize::from(members)]);
    (zone, members)
}

fn sign(zone: &TestZone) -> Vec<u8> {
    zone.run(&["nameservice", "sign"]).expect_code(0).stdout.into_bytes()
}

fn signers(root: &Path) -> DocumentSigners {
    let root = Certificate::chain_from_pem(&std::fs::read(root).expect("the root")).expect("a CA");
    DocumentSigners::new(root).expect("signers")
}

fn access(zone: &TestZone, members: u16) -> NameserviceProvider {
    let files = zone.file("clients/admin/current");
    let endpoint = |member| format!("https://127.0.0.1:{}", 2379 + 10 * member);
    NameserviceProvider::new(
        (0..members).map(endpoint).collect(),
        files.join("ca.crt"),
        files.join("client.crt"),
        files.join("client.key"),
    )
    .expect("a provider")
}

fn value(zone: &TestZone, key: &str) -> String {
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    call(&client, &["get", "--print-value-only", key]).expect_code(0).stdout
}

fn nodes(zone: &TestZone) -> Vec<String> {
    let client = etcdctl(zone, "https://127.0.0.1:2379");
    let told = call(&client, &["get", "--prefix", "--keys-only", NODES]).expect_code(0).stdout;
    told.lines().filter_map(|line| line.strip_prefix(NODES)).map(str::to_owned).collect()
}

#[test]
fn a_document_that_is_published_takes_no_step_back() {
    isolated(|| {
        let (zone, _members) = zone_of(1);
        let (access, signers) = (access(&zone, 1), signers(&zone.file("ca/root.crt")));
        let now = OffsetDateTime::now_utc();
        let published = |document: &[u8]| publish(&access, &signers, document, now, LIMIT);
        let written = |document: &[u8]| {
            let told = published(document).expect("it is published");
            assert!(matches!(told, Published::Written { .. }), "{told:?}");
        };
        let first = sign(&zone);
        written(&first);
        assert_eq!(value(&zone, KEY).trim_end().as_bytes(), first.trim_ascii_end());
        assert_eq!(nodes(&zone), ["node1.example.zone"]);
        let entry: serde_json::Value =
            serde_json::from_str(&value(&zone, &format!("{NODES}node1.example.zone"))).expect("JSON");
        assert_eq!(entry["peer_port"], 2380);
        assert_eq!(published(&first).expect("it is there"), Published::Unchanged);

        let description = std::fs::read_to_string(zone.file("zone.toml")).expect("zone.toml");
        std::fs::write(zone.file("zone.toml"), format!("{MORE}{description}")).expect("zone.toml");
        let second = sign(&zone);
        written(&second);
        assert_eq!(nodes(&zone), ["node1.example.zone", "node9.example.zone"]);
        assert!(matches!(published(&first), Ok(Published::Kept { .. })));
        assert_eq!(value(&zone, KEY).trim_end().as_bytes(), second.trim_ascii_end());
        std::fs::write(zone.file("zone.toml"), description).expect("zone.toml");
        written(&sign(&zone));
        assert_eq!(nodes(&zone), ["node1.example.zone"], "the entry of a node that is gone goes with it");

        // What none of the signers has signed is not in the way, and is not published.
        let other = TestZone::init("example.zone", &["node1=10.0.0.1"]);
        let foreign = sign(&other);
        assert!(matches!(published(&foreign), Err(PublishError::Refused(_))));
        // Nor is one by a clock that was ahead: no node accepts it.
        let mut ahead = zone.command(&["nameservice", "sign"]);
        let ahead = outcome(turn(&mut ahead, time::Duration::HOUR)).expect_code(0).stdout.into_bytes();
        assert!(matches!(published(&ahead), Err(PublishError::Refused(_))));
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        let text = |document| std::str::from_utf8(document).expect("UTF-8");
        for there in ["no document", text(&foreign), text(&ahead)] {
            call(&client, &["put", KEY, there]).expect_code(0);
            written(&second);
        }
    });
}

/// Each reads before another writes, as far as chance goes; the one that is late sees it by the revision.
#[test]
fn of_documents_that_are_published_at_once_the_latest_stays() {
    isolated(|| {
        let (zone, _members) = zone_of(1);
        let (access, signers) = (access(&zone, 1), signers(&zone.file("ca/root.crt")));
        let documents: Vec<Vec<u8>> = (0..12).map(|_| sign(&zone)).collect();
        let now = OffsetDateTime::now_utc();
        std::thread::scope(|scope| {
            for document in &documents {
                scope.spawn(|| publish(&access, &signers, document, now, LIMIT).expect("an answer"));
            }
        });
        assert_eq!(value(&zone, KEY).trim_end().as_bytes(), documents[11].trim_ascii_end());
    });
}

#[test]
fn members_that_say_nothing_delay_no_publication() {
    isolated(|| {
        let (zone, mut members) = zone_of(3);
        let (access, signers) = (access(&zone, 3), signers(&zone.file("ca/root.crt")));
        members[0].signal(Signal::SIGSTOP);
        let told = publish(&access, &signers, &sign(&zone), OffsetDateTime::now_utc(), LIMIT);
        assert!(matches!(told, Ok(Published::Written { .. })), "{told:?}");
        members[1].signal(Signal::SIGSTOP);
        members[2].signal(Signal::SIGSTOP);
        let begun = Instant::now();
        let told = publish(&access, &signers, &sign(&zone), OffsetDateTime::now_utc(), LIMIT);
        assert!(matches!(told, Err(PublishError::NotTaken(_))), "{told:?}");
        assert!(begun.elapsed() < LIMIT * 2, "{:?}", begun.elapsed());
        for member in &mut members {
            member.signal(Signal::SIGCONT);
        }
    });
}

/// A nameservice of a zone, and what it answers.
struct Server {
    process: Running,
    base: [Base; 1],
    trust: Trust,
}

impl Server {
    /// Starts it in its own directory, which has the provider file later.
    fn start(zone: &TestZone) -> Self {
        let directory = zone.around().join("documents");
        std::fs::create_dir(&directory).expect("a directory");
        let root = zone.file("ca/root.crt");
        let mut serve = zone_etcd(["nameservice", "serve", "--listen", "127.0.0.1:0", "--ca"]);
        serve.arg(&root).arg("--directory").arg(directory);
        serve.arg("--provider").arg(zone.around().join("nameservice.json"));
        let mut process = Running::start(&mut serve, zone.around(), "nameservice");
        let line = process.wait_for_line(&["the nameservice listens at "]);
        let url = line.rsplit(' ').next().expect("a URL");
        let base = [Base::parse(url).expect("a base")];
        Self { process, base, trust: Trust::load(&root).expect("a CA") }
    }

    /// The document, which is there or not at once.
    #[track_caller]
    fn document(&self) -> Option<Vec<u8>> {
        let begun = Instant::now();
        let fetched = fetch(&self.base, "example.zone", &self.trust, LIMIT).next().expect("a base").1;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        match fetched {
            Ok(document) => Some(document),
            Err(FetchError::NotFound(_)) => None,
            Err(other) => panic!("{other}"),
        }
    }

    #[track_caller]
    fn etcd_answers(&self) -> bool {
        match probe(&self.base[0], Some(Provider::Etcd), &self.trust, LIMIT) {
            Ok(()) => true,
            Err(FetchError::Http { status: 503, .. }) => false,
            Err(other) => panic!("{other}"),
        }
    }

    #[track_caller]
    fn until_document(&self, what: &str, expected: Option<&[u8]>) {
        until(what, || (self.document().as_deref() == expected).then_some(()));
    }
}

#[test]
fn what_is_published_is_served_also_while_etcd_hangs() {
    isolated(|| {
        let (zone, mut members) = zone_of(3);
        let (access, signers) = (access(&zone, 3), signers(&zone.file("ca/root.crt")));
        let server = Server::start(&zone);
        let now = OffsetDateTime::now_utc();
        let published =
            |document: &[u8]| publish(&access, &signers, document, now, LIMIT).expect("an answer");
        assert_eq!((server.document(), server.etcd_answers()), (None, false));

        let [first, second, third] = std::array::from_fn(|_| sign(&zone));
        published(&first);
        let file = zone.around().join("nameservice.json");
        write_provider(&file, &access).expect("it is written");
        until("etcd's answer", || server.etcd_answers().then_some(()));
        server.until_document("the first", Some(&first));
        published(&second);
        server.until_document("the second", Some(&second));
        // The later one counts, wherever it is.
        let local = zone.around().join("documents/zone.json");
        std::fs::write(&local, &first).expect("a document");
        std::fs::write(zone.around().join("documents/third.json"), &third).expect("a document");
        server.until_document("the third", Some(&third));
        std::fs::remove_file(zone.around().join("documents/third.json")).expect("it was there");
        server.until_document("the second again", Some(&second));

        // One member that hangs changes nothing; when all do, what was there before is served, at once.
        members[0].signal(Signal::SIGSTOP);
        let other = sign(&zone);
        published(&other);
        server.until_document("what was published meanwhile", Some(&other));
        members[1].signal(Signal::SIGSTOP);
        members[2].signal(Signal::SIGSTOP);
        until("that etcd does not answer", || (!server.etcd_answers()).then_some(()));
        assert_eq!(server.document(), Some(other.clone()));
        for member in &mut members {
            member.signal(Signal::SIGCONT);
        }
        until("etcd's answer", || server.etcd_answers().then_some(()));

        // What others write there is not served, and the directory's is again.
        let foreign = sign(&TestZone::init("example.zone", &["node1=10.0.0.1"]));
        let client = etcdctl(&zone, "https://127.0.0.1:2379");
        call(&client, &["put", KEY, std::str::from_utf8(&foreign).expect("UTF-8")]).expect_code(0);
        server.until_document("that of the directory", Some(&first));
        let told = server.process.stderr();
        assert!(told.contains(&format!("{KEY} in etcd is not served")), "{told}");
        published(&other);
        server.until_document("the good one", Some(&other));

        std::fs::write(&file, "{").expect("the file");
        until("what is said of the file", || {
            server.process.stderr().contains("is not a provider file").then_some(())
        });
        assert!(!server.etcd_answers());
        write_provider(&file, &access).expect("it is written");
        server.process.signal(Signal::SIGHUP);
        server.until_document("that of etcd", Some(&other));
        std::fs::remove_file(&file).expect("it was there");
        server.process.signal(Signal::SIGHUP);
        server.until_document("that of the directory", Some(&first));
    });
}
