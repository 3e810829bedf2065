//! What is in a certificate, and what is not issued at all.

use time::macros::datetime;
use time::{Duration, UtcOffset};
use zone_pki::{Authority, Certificate, Fault, IssueError, LoadError, Subject, SubjectError, Usages};

use crate::support::{authority_spec, leaf_spec, names, now, root_and_plane};

#[test]
fn a_leaf_says_what_was_asked_for() {
    let (_, plane) = root_and_plane();
    let mut spec = leaf_spec(Usages::BOTH, &["Node1.Example.Zone.", "::ffff:10.0.0.1", "localhost"]);
    spec.subject.organization = Some("example.zone".into());
    spec.subject.organizational_unit = Some("peers".into());
    let issued = plane.issue(&spec, now()).unwrap();
    let certificate = issued.certificate();
    assert_eq!(certificate.subject(), "CN=node1.example.zone, OU=peers, O=example.zone");
    assert_eq!(certificate.issuer(), "CN=peer plane, O=example.zone");
    assert_eq!(certificate.common_name(), Some("node1.example.zone"));
    assert_eq!(certificate.names(), &spec.names);
    assert_eq!(certificate.names().to_string(), "localhost,node1.example.zone,10.0.0.1");
    assert_eq!(certificate.usages(), Usages::BOTH);
    assert!(!certificate.is_authority());
    assert_eq!(certificate.key_description(), "ECDSA P-256");
    assert_eq!(certificate.subject_public_key_info(), issued.key().subject_public_key_info());
    let chain = Certificate::chain_from_pem(issued.chain_pem(plane.certificate()).as_bytes()).unwrap();
    assert_eq!(chain, [certificate.clone(), plane.certificate().clone()]);
}

#[test]
fn an_authority_says_what_was_asked_for() {
    let (root, plane) = root_and_plane();
    assert!(root.certificate().is_authority() && plane.certificate().is_authority());
    assert_eq!((root.certificate().path_length(), plane.certificate().path_length()), (Some(1), Some(0)));
    assert!(root.certificate().permitted_dns().is_empty());
    assert_eq!(plane.certificate().permitted_dns(), ["example.zone", "localhost"]);
    assert_eq!(plane.certificate().authority_key_identifier(), root.certificate().subject_key_identifier());
    assert!(root.certificate().names().is_empty());
}

#[test]
fn the_validity_stays_within_the_authority_and_instants_are_utc() {
    let begin = datetime!(2026-06-01 12:00:00.75 +2);
    let mut spec = authority_spec("root", 0, &[]);
    spec.validity = Duration::days(30);
    let root = Authority::generate(&spec, begin).unwrap();
    assert_eq!(root.certificate().not_before(), datetime!(2026-06-01 09:55:00 UTC));
    assert_eq!(root.certificate().not_after(), datetime!(2026-07-01 10:00:00 UTC));
    let leaf = |now| {
        root.issue(&leaf_spec(Usages::BOTH, &["a.example.zone"]), now).map(|issued| issued.into_parts().0)
    };
    let early = leaf(begin - Duration::minutes(4)).unwrap();
    assert_eq!(early.not_before(), root.certificate().not_before());
    assert_eq!(early.not_after(), root.certificate().not_after());
    let in_zone =
        leaf((begin + Duration::days(1)).to_offset(UtcOffset::from_hms(-9, 0, 0).unwrap())).unwrap();
    assert_eq!(in_zone.not_before(), datetime!(2026-06-02 09:55:00 UTC));
    let not_after = root.certificate().not_after();
    assert_eq!(leaf(begin + Duration::days(31)), Err(IssueError::Invalid(Fault::Expired(not_after))));
    let not_before = root.certificate().not_before();
    assert_eq!(leaf(begin - Duration::days(1)), Err(IssueError::Invalid(Fault::NotYetValid(not_before))));
}

#[test]
fn dates_around_2050_are_written_by_their_year_in_utc() {
    let mut spec = authority_spec("root", 0, &[]);
    // The local year is one behind, and one ahead, of the year in UTC.
    for end in
        [datetime!(2049-12-31 23:30 -2), datetime!(2050-01-01 01:00 +2), datetime!(2060-06-01 0:00 UTC)]
    {
        spec.validity = Duration::days(30);
        let root = Authority::generate(&spec, end - spec.validity).unwrap();
        assert_eq!(root.certificate().not_after(), end);
        // RFC 5280, 4.1.2.5: UTCTime (tag 23) through 2049, GeneralizedTime (tag 24) from 2050.
        let text = root.certificate().pem();
        let files = crate::support::Files::new();
        files.write("root.pem", text);
        let dates = files.openssl("asn1parse -in root.pem");
        assert_eq!(
            dates.contains("GENERALIZEDTIME"),
            end.to_offset(UtcOffset::UTC).year() >= 2050,
            "{dates}"
        );
        let list = root.revocation_list(&[], 1, end - Duration::hours(1), end).unwrap();
        assert!(!list.is_empty());
    }
    let ancient = Authority::generate(&spec, datetime!(1949-06-01 0:00 UTC));
    assert_eq!(ancient.unwrap_err(), IssueError::Validity);
}

#[test]
fn validity_used_is_the_share_that_is_gone() {
    let (_, plane) = root_and_plane();
    let certificate = plane.certificate();
    let whole = certificate.not_after() - certificate.not_before();
    for (at, used) in [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (1.5, 1.5)] {
        let measured = certificate.validity_used(certificate.not_before() + whole * at);
        assert!((measured - used).abs() < 1e-6, "{at}: {measured}");
    }
    assert_eq!(certificate.validity_used(certificate.not_before() - whole), 0.0);
}

#[test]
fn bad_specifications_are_refused() {
    let (root, plane) = root_and_plane();
    let good = leaf_spec(Usages::BOTH, &["node1.example.zone"]);
    let refused = |change: &dyn Fn(&mut zone_pki::LeafSpec)| {
        let mut spec = good.clone();
        change(&mut spec);
        plane.issue(&spec, now()).unwrap_err()
    };
    assert_eq!(refused(&|spec| spec.subject = Subject::default()), SubjectError::Empty.into());
    let long = SubjectError::TooLong { attribute: "common name", length: 65 };
    assert_eq!(refused(&|spec| spec.subject.common_name = Some("n".repeat(65))), long.into());
    let empty = SubjectError::EmptyAttribute { attribute: "organization" };
    assert_eq!(refused(&|spec| spec.subject.organization = Some(String::new())), empty.into());
    assert_eq!(refused(&|spec| spec.usages = Usages::NONE), IssueError::NoUsage);
    assert_eq!(refused(&|spec| spec.validity = Duration::ZERO), IssueError::Validity);
    assert_eq!(refused(&|spec| spec.validity = Duration::MAX), IssueError::Validity);
    let by_hand = zone_pki::SubjectAltName::Dns("caf\u{e9}".into());
    assert!(matches!(
        refused(&|spec| spec.names = [by_hand.clone()].into_iter().collect()),
        IssueError::Name(_)
    ));

    let authority = authority_spec("under", 0, &[]);
    assert_eq!(
        plane.issue_authority(&authority, now()).unwrap_err(),
        IssueError::PathLength { path_length: 0 }
    );
    let same = authority_spec("under", 1, &[]);
    assert_eq!(root.issue_authority(&same, now()).unwrap_err(), IssueError::PathLength { path_length: 1 });
    let bad = authority_spec("under", 0, &["caf\u{e9}.zone"]);
    assert!(matches!(root.issue_authority(&bad, now()), Err(IssueError::Name(_))));
    assert_eq!(root.revocation_list(&[], 1, now(), now()).unwrap_err(), IssueError::NextUpdate);
}

#[test]
fn an_authority_that_was_written_loads_and_issues_the_same() {
    let (_, plane) = root_and_plane();
    let pem = plane.certificate().pem();
    let loaded = Authority::load(pem.as_bytes(), plane.key().to_pem().as_bytes(), now()).unwrap();
    let spec = leaf_spec(Usages::SERVER, &["node1.example.zone"]);
    let issued = loaded.issue(&spec, now()).unwrap();
    zone_pki::verify(
        issued.certificate(),
        &[],
        plane.certificate(),
        Usages::SERVER,
        &names(&["node1.example.zone"]),
        now(),
    )
    .unwrap();
    let late = plane.certificate().not_after() + Duration::seconds(1);
    let load = |now| Authority::load(pem.as_bytes(), plane.key().to_pem().as_bytes(), now).map(|_| ());
    assert_eq!(load(late), Err(LoadError::Unfit(Fault::Expired(plane.certificate().not_after()))));
    let early = plane.certificate().not_before() - Duration::seconds(1);
    assert_eq!(load(early), Err(LoadError::Unfit(Fault::NotYetValid(plane.certificate().not_before()))));
}

#[test]
fn secrets_are_not_printed() {
    let (root, _) = root_and_plane();
    let issued = root.issue(&leaf_spec(Usages::BOTH, &["node1.example.zone"]), now()).unwrap();
    let pem = issued.key().to_pem();
    let secret = pem.lines().nth(1).unwrap();
    let printed = format!("{:?} {:?} {root:?}", issued.key(), issued);
    assert!(printed.contains("P256") && !printed.contains(&secret[20..]), "{printed}");
    let bytes = format!("{:?}", &issued.key().pkcs8_der()[40..44]);
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{printed}");
}
