//! The fingerprint of a zone's root, as people copy it.

use launch::activation::Fingerprint;
use launch::activation::fingerprint::FingerprintError;

#[test]
fn every_form_in_which_people_copy_it_is_the_same() {
    let plain = "0a".repeat(32);
    let shown = plain.parse::<Fingerprint>().unwrap().to_string();
    assert_eq!(shown, vec!["0A"; 32].join(":"));
    for form in [
        shown.clone(),
        format!("sha256 Fingerprint={shown}"),
        format!("SHA256 Fingerprint={shown}\n"),
        plain.to_uppercase(),
    ] {
        assert_eq!(form.parse::<Fingerprint>().unwrap().to_string(), shown, "{form}");
    }
}

#[test]
fn what_is_none_says_why() {
    assert_eq!("0a".repeat(20).parse::<Fingerprint>(), Err(FingerprintError::Length(40)));
    assert_eq!(format!("{}xy", "0a".repeat(31)).parse::<Fingerprint>(), Err(FingerprintError::Digit('x')));
    assert_eq!("".parse::<Fingerprint>(), Err(FingerprintError::Length(0)));
}
