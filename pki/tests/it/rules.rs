//! Each rule on its own: what it takes, and how what it does not take breaks it.

use time::Duration;
use zone_pki::{Certificate, Fault, Rule, Usages};

use crate::support::{Files, authority_spec, leaf_spec, now, root_and_plane};

#[test]
fn each_rule_names_how_it_is_broken() {
    let (root, plane) = root_and_plane();
    let leaf = plane.issue(&leaf_spec(Usages::CLIENT, &[]), now()).unwrap().into_parts().0;
    let (root, plane) = (root.certificate(), plane.certificate());
    let (begin, end, life) = (leaf.not_before(), leaf.not_after(), leaf.not_after() - leaf.not_before());
    let second = Duration::SECOND;
    let row = |rule, certificate: &Certificate, fault: Option<Fault>| {
        assert_eq!(certificate.fault(&[rule]), fault, "{rule:?}");
    };
    row(Rule::Valid(begin), &leaf, None);
    row(Rule::Valid(end), &leaf, None);
    row(Rule::Valid(begin - second), &leaf, Some(Fault::NotYetValid(begin)));
    row(Rule::Valid(end + second), &leaf, Some(Fault::Expired(end)));
    row(Rule::Young(begin + life / 3 * 2 - second), &leaf, None);
    row(Rule::Young(begin + life / 3 * 2 + second), &leaf, Some(Fault::Ageing));
    row(Rule::Outlives(end - second, second), &leaf, None);
    row(Rule::Outlives(end, second), &leaf, Some(Fault::EndsFirst));
    row(Rule::Outlives(end, Duration::MAX), &leaf, Some(Fault::EndsFirst));
    row(Rule::Authority, plane, None);
    row(Rule::Authority, &leaf, Some(Fault::NotAnAuthority));
    row(Rule::Anchor, root, None);
    row(Rule::Anchor, &leaf, Some(Fault::NotAnAuthority));
    row(Rule::Above(1), root, None);
    row(Rule::Above(1), plane, Some(Fault::PathLength(0)));
    row(Rule::Allows(Usages::CLIENT), &leaf, None);
    row(Rule::Allows(Usages::BOTH), &leaf, Some(Fault::UsageMissing(Usages::SERVER)));
    row(Rule::AllowsOnly(Usages::BOTH), &leaf, None);
    row(Rule::AllowsOnly(Usages::SERVER), &leaf, Some(Fault::UsageExcess(Usages::CLIENT)));
    row(Rule::NoCommonName, &leaf, Some(Fault::CommonName));
}

#[test]
fn the_first_rule_that_is_broken_counts() {
    let mut brief = authority_spec("brief", 1, &[]);
    brief.validity = Duration::hours(1);
    let ca = zone_pki::Authority::generate(&brief, now()).unwrap();
    let late = now() + Duration::days(1);
    let expired = Fault::Expired(ca.certificate().not_after());
    let fault = |rules: &[Rule]| ca.certificate().fault(rules);
    assert_eq!(fault(&[Rule::Authority, Rule::Valid(late), Rule::Young(late)]), Some(expired));
    assert_eq!(fault(&[Rule::Young(late), Rule::Valid(late)]), Some(Fault::Ageing));
    assert_eq!(fault(&[]), None);
}

/// OpenSSL wrote no extensions into a self-signed certificate of version 1.
#[test]
fn a_root_of_version_1_is_an_anchor_and_no_authority() {
    let files = Files::new();
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    files.openssl("req -new -key key.pem -subj /CN=old -out old.csr");
    files.openssl("x509 -req -in old.csr -signkey key.pem -days 30 -out old.pem");
    let root = Certificate::from_pem(&files.read("old.pem")).unwrap();
    assert_eq!(root.fault(&[Rule::Anchor]), None);
    assert_eq!(root.fault(&[Rule::Authority]), Some(Fault::NotAnAuthority));
}
