//! What the check refuses, and under which name.

use time::Duration;
use zone_pki::{
    Authority, Certificate, CheckError, Fault, LeafSpec, SubjectAltNames, Usages, key_matches, verify,
};

use crate::support::{authority_spec, leaf_spec, names, now, root_and_plane};

fn issue(authority: &Authority, spec: &LeafSpec) -> Certificate {
    authority.issue(spec, now()).unwrap().into_parts().0
}

/// What is wrong with the certificate alone.
#[track_caller]
fn fault(result: Result<(), CheckError>) -> Fault {
    match result {
        Err(CheckError::Unfit { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_leaf_holds_by_its_plane_alone_and_through_it_to_the_root() {
    let (root, plane) = root_and_plane();
    let all = ["node1.example.zone", "*.example.zone", "localhost", "127.0.0.1", "::1"];
    let leaf = issue(&plane, &leaf_spec(Usages::BOTH, &all));
    verify(&leaf, &[], plane.certificate(), Usages::BOTH, &names(&all), now()).unwrap();
    verify(&leaf, &[plane.certificate()], root.certificate(), Usages::BOTH, &names(&all), now()).unwrap();
    verify(&leaf, &[plane.certificate()], root.certificate(), Usages::BOTH, &names(&all[..1]), now())
        .unwrap();
}

#[test]
fn usages_have_to_be_those_of_the_role_and_no_more() {
    let (_, plane) = root_and_plane();
    let none = SubjectAltNames::new();
    for has in [Usages::SERVER, Usages::CLIENT, Usages::BOTH] {
        let leaf = issue(&plane, &leaf_spec(has, &["node1.example.zone"]));
        for wanted in [Usages::SERVER, Usages::CLIENT, Usages::BOTH] {
            let result = verify(&leaf, &[], plane.certificate(), wanted, &none, now());
            assert_eq!(result.is_ok(), has == wanted, "{has:?} as {wanted:?}: {result:?}");
        }
    }
    let client = issue(&plane, &leaf_spec(Usages::CLIENT, &[]));
    let result = verify(&client, &[], plane.certificate(), Usages::BOTH, &none, now());
    assert_eq!(fault(result), Fault::UsageMissing(Usages::SERVER));
    let both = issue(&plane, &leaf_spec(Usages::BOTH, &[]));
    let result = verify(&both, &[], plane.certificate(), Usages::CLIENT, &none, now());
    assert_eq!(fault(result), Fault::UsageExcess(Usages::SERVER));
}

#[test]
fn a_missing_name_is_named() {
    let (_, plane) = root_and_plane();
    let leaf =
        issue(&plane, &leaf_spec(Usages::BOTH, &["node1.example.zone", "*.svc.example.zone", "10.0.0.1"]));
    let missing =
        |name: &str| match verify(&leaf, &[], plane.certificate(), Usages::BOTH, &names(&[name]), now()) {
            Err(CheckError::NameMissing { name: missing, .. }) => missing.to_string() == name,
            Ok(()) => false,
            Err(other) => panic!("{other}"),
        };
    assert!(
        !missing("node1.example.zone") && !missing("a.svc.example.zone") && !missing("*.svc.example.zone")
    );
    assert!(missing("node2.example.zone") && missing("10.0.0.2") && missing("*.example.zone"));
    // The one name that stands in for a wildcard when it is dialled is no wildcard.
    let any = issue(&plane, &leaf_spec(Usages::BOTH, &["any.example.zone"]));
    let wildcard = names(&["*.example.zone"]);
    let result = verify(&any, &[], plane.certificate(), Usages::BOTH, &wildcard, now());
    assert!(matches!(result, Err(CheckError::NameMissing { .. })), "{result:?}");
    assert!(missing("svc.example.zone") && missing("a.b.svc.example.zone") && missing("::1"));
}

#[test]
fn a_name_outside_the_constraints_is_refused() {
    let (root, plane) = root_and_plane();
    for name in ["node1.other.zone", "example.zone.evil.org", "notexample.zone", "*.other.zone"] {
        let leaf = issue(&plane, &leaf_spec(Usages::BOTH, &[name]));
        for (between, anchor) in [(vec![], &plane), (vec![plane.certificate()], &root)] {
            let result = verify(&leaf, &between, anchor.certificate(), Usages::BOTH, &names(&[name]), now());
            assert!(matches!(result, Err(CheckError::OutsideConstraints { .. })), "{name}: {result:?}");
        }
    }
}

#[test]
fn an_unknown_issuer_and_a_forged_one_are_told_apart() {
    let (root, plane) = root_and_plane();
    let (_, same_name) = root_and_plane();
    let other = Authority::generate(&authority_spec("other", 0, &[]), now()).unwrap();
    let leaf = issue(&plane, &leaf_spec(Usages::BOTH, &["node1.example.zone"]));
    let against = |between: &[&Certificate], anchor: &Authority| {
        verify(&leaf, between, anchor.certificate(), Usages::BOTH, &SubjectAltNames::new(), now())
    };
    assert!(matches!(against(&[], &other), Err(CheckError::UnknownIssuer { .. })));
    assert!(matches!(against(&[], &root), Err(CheckError::UnknownIssuer { .. })));
    assert!(matches!(against(&[plane.certificate()], &other), Err(CheckError::UnknownIssuer { .. })));
    assert!(matches!(against(&[], &same_name), Err(CheckError::BadSignature { .. })));
}

#[test]
fn every_flipped_byte_of_the_signed_part_is_noticed() {
    let (_, plane) = root_and_plane();
    let leaf = issue(&plane, &leaf_spec(Usages::BOTH, &["node1.example.zone"]));
    let wanted = names(&["node1.example.zone"]);
    for position in 0..leaf.der().len() {
        let mut der = leaf.der().to_vec();
        der[position] ^= 0x01;
        let Ok(changed) = Certificate::from_der(&der) else { continue };
        let result = verify(&changed, &[], plane.certificate(), Usages::BOTH, &wanted, now());
        assert!(result.is_err(), "byte {position} of {}", der.len());
    }
}

#[test]
fn every_certificate_on_the_way_has_to_be_valid_now() {
    let (root, plane) = root_and_plane();
    let leaf = issue(&plane, &leaf_spec(Usages::BOTH, &["node1.example.zone"]));
    let at = |now| {
        verify(&leaf, &[plane.certificate()], root.certificate(), Usages::BOTH, &SubjectAltNames::new(), now)
    };
    at(leaf.not_after()).unwrap();
    at(leaf.not_before()).unwrap();
    let late = at(leaf.not_after() + Duration::seconds(1));
    assert_eq!(fault(late), Fault::Expired(leaf.not_after()));
    let early = at(leaf.not_before() - Duration::seconds(1));
    assert_eq!(fault(early), Fault::NotYetValid(leaf.not_before()));

    let mut brief = authority_spec("brief", 1, &[]);
    brief.validity = Duration::hours(1);
    let root = Authority::generate(&brief, now()).unwrap();
    let long = issue(&root, &leaf_spec(Usages::BOTH, &["node1.example.zone"]));
    assert_eq!(long.not_after(), root.certificate().not_after());
}

#[test]
fn an_authority_is_no_leaf_and_a_leaf_is_no_authority() {
    let (root, plane) = root_and_plane();
    let leaf = issue(&plane, &leaf_spec(Usages::BOTH, &["node1.example.zone"]));
    let none = SubjectAltNames::new();
    let result = verify(plane.certificate(), &[], root.certificate(), Usages::BOTH, &none, now());
    assert!(matches!(result, Err(CheckError::LeafIsAuthority { .. })), "{result:?}");
    let result = verify(&leaf, &[], &leaf, Usages::BOTH, &none, now());
    assert!(result.is_err());
}

#[test]
fn the_path_length_of_the_anchor_counts() {
    let (_, plane) = root_and_plane();
    // Another tool may well sign an authority below one of path length 0. OpenSSL does.
    let files = crate::support::Files::new();
    files.write_certificate("plane.pem", plane.certificate());
    files.write_key("plane.key", plane.key());
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    files.openssl("req -new -key key.pem -subj /CN=below -out below.csr");
    files.write(
        "ext.cnf",
        "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n",
    );
    files.openssl(
        "x509 -req -in below.csr -CA plane.pem -CAkey plane.key -CAcreateserial -days 30 -extfile \
         ext.cnf -out ca.pem",
    );
    let below = Authority::load(&files.read("ca.pem"), &files.read("key.pem"), now()).unwrap();
    let leaf = issue(&below, &leaf_spec(Usages::BOTH, &["node1.example.zone"]));
    let result = verify(
        &leaf,
        &[below.certificate()],
        plane.certificate(),
        Usages::BOTH,
        &SubjectAltNames::new(),
        now(),
    );
    let refusal = result.unwrap_err().to_string();
    assert_eq!(
        refusal,
        "CN=peer plane, O=example.zone allows 0 CAs below it (pathLenConstraint), and 1 stand there (Go's \
         isValid; RFC 5280, 4.2.1.9)"
    );
}

#[test]
fn a_certificate_without_extended_key_usage_counts_as_both() {
    let files = crate::support::Files::new();
    let (root, _) = root_and_plane();
    files.write_certificate("root.pem", root.certificate());
    files.write_key("root.key", root.key());
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    files.openssl("req -new -key key.pem -subj /CN=any -out any.csr");
    files.write("ext.cnf", "basicConstraints=critical,CA:false\nsubjectKeyIdentifier=hash\n");
    files.openssl(
        "x509 -req -in any.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile \
         ext.cnf -out any.pem",
    );
    let any = Certificate::from_pem(&files.read("any.pem")).unwrap();
    let none = SubjectAltNames::new();
    let result = verify(&any, &[], root.certificate(), Usages::CLIENT, &none, now());
    assert_eq!(fault(result), Fault::UsageExcess(Usages::SERVER));
    verify(&any, &[], root.certificate(), Usages::BOTH, &none, now()).unwrap();
}

#[test]
fn a_key_matches_its_certificate_only() {
    let (root, plane) = root_and_plane();
    assert!(key_matches(root.certificate(), root.key()) && !key_matches(root.certificate(), plane.key()));
}
