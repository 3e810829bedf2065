//! The pure judgements, case by case.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use diagnosis::rules::command_line::{self, Rhythm, rhythms};
use diagnosis::rules::database::{Told, databases, lag};
use diagnosis::rules::machine::{disk_latency, disk_space, listeners, open_files};
use diagnosis::rules::peers;
use diagnosis::rules::snapshots::age;
use diagnosis::rules::source::{self, Admission, Route, admission};
use diagnosis::{CheckId, Finding, Verdict, by_harm, worst};
use etcd::tls::hostname::host_of;
use host::{DiskProbe, FreeSpace, NamedProcess, OwnMember, PortFault};
use live::{MemberStatus, TrustDifference};
use model::config::ZoneConfig;
use model::plan::EtcdId;
use store::snapshot::LatestSnapshots;
use time::OffsetDateTime;
use zone_pki::go::covers;
use zone_pki::{
    Authority, AuthoritySpec, Certificate, KeyAlgorithm, LeafSpec, Subject, SubjectAltNames, Usages,
};

fn authority(name: &str) -> Authority {
    let spec = AuthoritySpec {
        subject: Subject::with_common_name(name),
        path_length: 0,
        permitted_dns: Vec::new(),
        validity: time::Duration::days(30),
        key: KeyAlgorithm::default(),
    };
    Authority::generate(&spec, OffsetDateTime::now_utc()).expect("a CA")
}

fn certificate(names: &[&str]) -> Certificate {
    let (authority, now) = (authority("CA"), OffsetDateTime::now_utc());
    let names: SubjectAltNames = names.iter().map(|name| name.parse().expect("a name")).collect();
    let spec = LeafSpec {
        subject: Subject::with_common_name("node1.example.zone"),
        names,
        usages: Usages::BOTH,
        validity: time::Duration::days(3),
        key: KeyAlgorithm::default(),
    };
    authority.issue(&spec, now).expect("a certificate").certificate().clone()
}

#[test]
fn whom_a_member_trusts_is_compared_both_ways() {
    let (old, new) = (authority("old"), authority("new"));
    let difference = |named: &[&str], trusted: &[&Authority]| {
        let trusted: Vec<&Certificate> = trusted.iter().map(|ca| ca.certificate()).collect();
        let is_of = |name: &&str, ca: &Certificate| *name == ca.subject();
        let found = TrustDifference::between(named, &trusted, is_of, ToString::to_string);
        assert_eq!(found.is_none(), found == TrustDifference::default());
        (found.missing.join(" "), found.surplus.join(" "))
    };
    let told = |missing: &str, surplus: &str| (missing.to_owned(), surplus.to_owned());
    assert_eq!(difference(&["CN=new", "CN=old"], &[&old, &new]), told("", ""));
    assert_eq!(difference(&["CN=old"], &[&old, &new]), told("CN=new", ""));
    assert_eq!(difference(&["CN=old", "CN=new"], &[&new]), told("", "CN=old"));
    assert_eq!(difference(&["CN=old"], &[&new]), told("CN=new", "CN=old"));
    assert_eq!(difference(&[], &[&new]), told("CN=new", ""));
}

#[test]
fn names_go_by_the_rules_of_go() {
    let certificate = certificate(&["node1.example.zone", "*.api.example.zone", "10.0.0.1", "fd00::1"]);
    let cases = [
        ("node1.example.zone", true),
        ("NODE1.example.zone", true),
        ("node1.example.zone.", true),
        ("node1", false),
        ("node1.example.zone.other.org", false),
        ("one.api.example.zone", true),
        ("one.two.api.example.zone", false),
        ("api.example.zone", false),
        ("10.0.0.1", true),
        ("10.0.0.2", false),
        ("[fd00::1]", true),
        ("fd00:0::1", true),
        ("::ffff:10.0.0.1", true),
        ("", false),
    ];
    for (host, expected) in cases {
        assert_eq!(covers(&certificate, host), expected, "{host}");
    }
    // The common name counts for nothing.
    assert!(!covers(&self::certificate(&["10.0.0.1"]), "node1.example.zone"));
    assert_eq!(host_of("https://[fd00::1]:2380"), Some("fd00::1"));
    assert_eq!(host_of("https://node1:2379/"), Some("node1"));
    assert_eq!(host_of("node1:2379"), None);
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn source_addresses_go_by_the_rules_of_etcd() {
    let none = BTreeMap::new();
    let by_name = BTreeMap::from([("node1.example.zone".to_owned(), vec![ip("10.0.0.9")])]);
    let both = certificate(&["node1.example.zone", "10.0.0.1"]);
    assert_eq!(admission(&both, ip("10.0.0.1"), &none), Admission::Listed);
    assert_eq!(admission(&both, ip("::ffff:10.0.0.1"), &none), Admission::Listed);
    assert_eq!(admission(&both, ip("10.0.0.9"), &none), Admission::Refused);
    assert_eq!(
        admission(&both, ip("10.0.0.9"), &by_name),
        Admission::ByName("node1.example.zone".to_owned())
    );
    assert_eq!(admission(&certificate(&[]), ip("10.0.0.9"), &none), Admission::NoNames);
}

#[test]
fn a_source_address_that_is_missing_is_named_with_the_line_to_add() {
    let described = |sans: &str| {
        let text = format!(
            "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\naddress = \"10.0.0.1\"\n{sans}\n"
        );
        ZoneConfig::parse(&text).expect("a zone").0
    };
    let certificate = certificate(&["node1.example.zone", "10.0.0.1"]);
    let route = |peer: &str, from: &str| Route { peer: peer.to_owned(), to: ip("10.0.0.2"), from: ip(from) };
    let routes = [route("node2", "10.0.0.1"), route("node3", "10.0.0.9"), route("node4", "10.0.0.9")];
    for (sans, line) in [
        ("", "add sans = [\"10.0.0.9\"]"),
        ("sans = [\"10.0.0.8\"]", "write sans = [\"10.0.0.8\", \"10.0.0.9\"]"),
    ] {
        let zone = described(sans);
        let findings = source::judge(
            &zone.nodes[0],
            "peer.crt",
            &certificate,
            &routes,
            &BTreeMap::new(),
            "zone-etcd pki issue node1",
        );
        let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
        assert_eq!(verdicts, [Verdict::Passed, Verdict::Failed]);
        assert!(findings[1].found.contains("to node3, node4 from 10.0.0.9"), "{}", findings[1].found);
        let remedy = findings[1].remedy.as_ref().expect("a remedy");
        assert!(remedy.starts_with(line) && remedy.contains("zone-etcd pki issue node1"), "{remedy}");
    }
}

#[test]
fn round_trips_against_heartbeat_and_election() {
    let milliseconds = Duration::from_millis;
    let judged = |round_trip, heartbeat, election| {
        peers::timing(
            &[("node2".to_owned(), milliseconds(round_trip))],
            milliseconds(heartbeat),
            milliseconds(election),
        )
        .expect("a finding")
    };
    assert_eq!(judged(1, 100, 1000).verdict, Verdict::Passed);
    assert_eq!(judged(100, 100, 1000).verdict, Verdict::Passed);
    let slow = judged(101, 100, 1000);
    assert_eq!(slow.verdict, Verdict::Warning);
    assert!(slow.remedy.expect("a remedy").contains("heartbeat = \"110ms\" and election = \"1010ms\""));
    assert_eq!(judged(60, 100, 500).verdict, Verdict::Warning);
    assert_eq!(judged(1, 100, 400).verdict, Verdict::Failed);
    assert!(peers::timing(&[], milliseconds(1), milliseconds(1)).is_none());
}

#[test]
fn versions_are_at_most_a_minor_apart() {
    let judged = |versions: &[&str]| {
        let members: Vec<(String, String)> = versions
            .iter()
            .enumerate()
            .map(|(index, version)| (format!("node{}", index + 1), (*version).to_owned()))
            .collect();
        peers::versions(&members).map(|finding| finding.verdict)
    };
    assert_eq!(judged(&[]), None);
    assert_eq!(judged(&["3.7.3", "3.7.3"]), Some(Verdict::Passed));
    assert_eq!(judged(&["3.7.3", "3.7.4"]), Some(Verdict::Note));
    assert_eq!(judged(&["3.6.16", "3.7.3", "3.6.16"]), Some(Verdict::Note));
    assert_eq!(judged(&["3.5.35", "3.6.16", "3.7.3"]), Some(Verdict::Failed));
}

#[test]
fn flags_of_a_running_member() {
    let arguments = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let planned =
        arguments("--heartbeat-interval=100 --peer-client-cert-auth=true --initial-cluster-state=new");
    let same =
        arguments("--peer-client-cert-auth=true --heartbeat-interval 100 --initial-cluster-state=existing");
    assert_eq!(command_line::flags(&same, &planned).verdict, Verdict::Passed);
    let differs = command_line::flags(
        &arguments("-heartbeat-interval=50 --debug --peer-client-cert-auth=true"),
        &planned,
    );
    assert_eq!(differs.verdict, Verdict::Note);
    assert!(differs.found.contains("--heartbeat-interval is 50, zone.toml has 100"), "{}", differs.found);
    assert!(differs.found.contains("--debug is set, zone.toml has unset"), "{}", differs.found);

    let (one, other) =
        (Rhythm::of("node1", &planned), Rhythm::of("node2", &arguments("--heartbeat-interval=50")));
    assert!(rhythms(std::slice::from_ref(&one)).is_none());
    let equal = rhythms(&[one.clone(), Rhythm::of("node2", &[])]).expect("a finding");
    assert_eq!(equal.verdict, Verdict::Passed);
    assert_eq!(rhythms(&[one, other]).expect("a finding").verdict, Verdict::Failed);
}

#[test]
fn disks_and_limits() {
    let probe = |milliseconds| DiskProbe {
        directory: "/data".into(),
        writes: 50,
        median: Duration::from_millis(1),
        slowest_of_99: Duration::from_millis(milliseconds),
    };
    let heartbeat = Duration::from_millis(100);
    let latency = |milliseconds| disk_latency(Ok(&probe(milliseconds)), heartbeat);
    assert_eq!(latency(10).verdict, Verdict::Passed);
    assert_eq!(latency(11).verdict, Verdict::Warning);
    assert!(latency(101).found.contains("longer than the heartbeat"));
    assert_eq!(disk_latency(Err("why"), heartbeat).verdict, Verdict::Note);

    let (mebi, gibi) = (1 << 20, 1 << 30);
    let space = |free, database| {
        disk_space(&FreeSpace { directory: "/data".into(), free }, database, 8 * gibi).verdict
    };
    assert_eq!(space(8 * gibi, 0), Verdict::Passed);
    assert_eq!(space(7 * gibi, gibi), Verdict::Passed);
    assert_eq!(space(7 * gibi, 0), Verdict::Warning);
    assert_eq!(space(3 * gibi, 6 * gibi), Verdict::Warning);
    assert_eq!(space(60 * mebi, 0), Verdict::Failed);

    assert_eq!(open_files(150, None).verdict, Verdict::Failed);
    assert_eq!(open_files(1024, None).verdict, Verdict::Warning);
    assert_eq!(open_files(65536, Some(1)).verdict, Verdict::Passed);
}

/// Who has a port is hidden where the member has a user namespace of its own, and the member itself where
/// processes are hidden.
#[test]
fn a_port_is_the_members_also_where_that_is_hidden() {
    let socket = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let taken = |port, owner: Option<u32>| PortFault::InUse {
        address: socket(port),
        owner: owner.map(|pid| NamedProcess { pid, name: "somebody".to_owned() }),
    };
    let verdict = |fault: PortFault, own: Option<&OwnMember>| {
        listeners(&["https://127.0.0.1:2379"], &[fault], "node1", own)[0].verdict
    };
    let seen = OwnMember { pid: 7, listens_on: Some(vec![socket(2379), socket(2380)]) };
    let hidden = OwnMember { pid: 7, listens_on: None };
    for (fault, own, expected) in [
        (taken(2379, Some(7)), Some(&seen), Verdict::Passed),
        (taken(2379, Some(17)), Some(&seen), Verdict::Failed),
        (taken(2379, None), Some(&seen), Verdict::Passed),
        // zone.toml has another port than the member that runs, and somebody else has that.
        (taken(2389, None), Some(&seen), Verdict::Failed),
        (taken(2379, None), Some(&hidden), Verdict::Passed),
        (taken(2379, Some(17)), Some(&hidden), Verdict::Failed),
        (taken(2379, None), None, Verdict::Failed),
    ] {
        let told = format!("{fault:?} {own:?}");
        assert_eq!(verdict(fault, own), expected, "{told}");
    }
}

fn status() -> MemberStatus {
    MemberStatus {
        id: EtcdId(1),
        cluster_id: EtcdId(2),
        version: "3.7.3".to_owned(),
        storage_version: None,
        downgrade_target: None,
        leader: Some(EtcdId(1)),
        is_learner: false,
        raft_term: 2,
        raft_index: 10,
        raft_applied_index: 10,
        raft_lag: 0,
        revision: 1,
        db_size: 1 << 20,
        db_size_in_use: 1 << 20,
        db_quota: Some(1 << 30),
        errors: Vec::new(),
        quorum_read: None,
        own_list: None,
    }
}

#[test]
fn raft_lag() {
    let judged = |raft_lag, is_learner| {
        let status = MemberStatus { raft_lag, ..status() };
        let told = Told { name: "node1", is_described: true, is_learner, status: &status };
        lag(&[told], str::to_owned).first().map(|finding| (finding.check, finding.verdict))
    };
    assert_eq!(judged(1000, false), Some((CheckId::RaftLag, Verdict::Passed)));
    assert_eq!(judged(1001, false), Some((CheckId::RaftLag, Verdict::Note)));
    assert_eq!(judged(5001, false), Some((CheckId::RaftLag, Verdict::Warning)));
    // A learner that catches up has a check of its own.
    assert_eq!(judged(5001, true), None);
}

#[test]
fn fragmentation() {
    let judged = |db_size: u64, db_size_in_use: u64| {
        let status =
            MemberStatus { db_size: db_size << 20, db_size_in_use: db_size_in_use << 20, ..status() };
        let told = Told { name: "node1", is_described: true, is_learner: false, status: &status };
        let findings = databases(&[told], 1, |command| format!("zone-etcd {command} --zone z"));
        let of = |check| findings.iter().find(|finding| finding.check == check).expect("a finding").clone();
        (of(CheckId::DatabaseQuota), of(CheckId::Fragmentation))
    };
    let verdicts = |size, in_use| {
        let (quota, fragmentation) = judged(size, in_use);
        (quota.verdict, fragmentation.verdict)
    };
    assert_eq!(verdicts(90, 10), (Verdict::Passed, Verdict::Passed));
    assert_eq!(verdicts(200, 99), (Verdict::Passed, Verdict::Warning));
    assert_eq!(verdicts(900, 100), (Verdict::Warning, Verdict::Warning));
    assert_eq!(verdicts(900, 880), (Verdict::Failed, Verdict::Passed));
    let remedy = judged(200, 99).1.remedy.expect("a remedy");
    assert!(remedy.ends_with("zone-etcd defrag node1 --zone z"), "{remedy}");
    let remedy = judged(900, 600).0.remedy.expect("a remedy");
    assert!(remedy.ends_with("zone-etcd defrag node1 --over 1MiB --zone z"), "{remedy}");
}

#[test]
fn the_most_harmful_comes_first() {
    let finding = |check, verdict| Finding::new(check, verdict, "", "");
    let findings = [
        finding(CheckId::Fragmentation, Verdict::Warning),
        finding(CheckId::PeerReachable, Verdict::Unreachable),
        finding(CheckId::CertificateFiles, Verdict::Passed),
        finding(CheckId::CertificateNames, Verdict::Failed),
        finding(CheckId::AlarmCorrupt, Verdict::Failed),
        finding(CheckId::DiskSpace, Verdict::Warning),
    ];
    let order: Vec<CheckId> = by_harm(&findings).iter().map(|finding| finding.check).collect();
    assert_eq!(
        order,
        [
            CheckId::AlarmCorrupt,
            CheckId::CertificateNames,
            CheckId::PeerReachable,
            CheckId::DiskSpace,
            CheckId::Fragmentation
        ]
    );
    assert_eq!(worst(&findings), Verdict::Failed);
    assert_eq!(worst(&[]), Verdict::Passed);
}

#[test]
fn snapshot_age() {
    let now = OffsetDateTime::UNIX_EPOCH + time::Duration::days(100);
    let hours = |hours: Option<i64>| hours.map(|hours| now - time::Duration::hours(hours));
    let judged = |good, drilled| {
        let latest = LatestSnapshots { good: hours(good), drilled: hours(drilled) };
        let finding = age(latest, now, |command| format!("zone-etcd {command}"));
        (
            finding.verdict,
            finding.remedy.unwrap_or_default().rsplit(": ").next().unwrap_or_default().to_owned(),
        )
    };
    let (save, verify) = ("zone-etcd snapshot save".to_owned(), "zone-etcd snapshot verify".to_owned());
    assert_eq!(judged(None, None), (Verdict::Note, save.clone()));
    assert_eq!(judged(Some(49), Some(1)), (Verdict::Warning, save));
    assert_eq!(judged(Some(48), Some(1)), (Verdict::Passed, String::new()));
    assert_eq!(judged(Some(1), None), (Verdict::Note, verify.clone()));
    assert_eq!(judged(Some(1), Some(24 * 15 + 1)), (Verdict::Warning, verify));
}
