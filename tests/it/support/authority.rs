//! CAs and certificates that the program itself would not make.

use std::path::Path;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, AuthoritySpec, KeyAlgorithm, LeafSpec, Subject, SubjectAltNames, Usages};

use crate::harness::TestZone;

/// A certificate and its key, in PEM.
pub struct Forged {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Forged {
    /// Puts it in the place of a CA of the zone.
    pub fn put(&self, zone: &TestZone, stem: &str) {
        self.put_certificate(zone, stem);
        // Writing into the file that is there keeps its mode.
        std::fs::write(zone.file(&format!("ca/{stem}.key")), &self.key).expect("the key");
    }

    /// Puts the certificate alone there.
    pub fn put_certificate(&self, zone: &TestZone, stem: &str) {
        std::fs::write(zone.file(&format!("ca/{stem}.crt")), &self.certificate).expect("the certificate");
    }
}

/// A self-signed CA of the name that the zone's CA `stem` has, made at another time and valid for so long.
pub fn authority_at(stem: &str, made: OffsetDateTime, validity: Duration) -> Forged {
    let spec = AuthoritySpec {
        subject: Subject {
            organization: Some("example.zone".to_owned()),
            ..Subject::with_common_name(name(stem))
        },
        path_length: u8::from(stem == "root"),
        permitted_dns: Vec::new(),
        validity,
        key: KeyAlgorithm::default(),
    };
    let authority = Authority::generate(&spec, made).expect("an authority");
    Forged { certificate: authority.certificate().pem(), key: authority.key().to_pem().to_string() }
}

/// A certificate that may not sign others, issued by the zone's own CA.
pub fn leaf_under(zone: &TestZone, stem: &str) -> Forged {
    let now = OffsetDateTime::now_utc();
    let read = |extension: &str| read(&zone.file(&format!("ca/{stem}.{extension}")));
    let authority = Authority::load(&read("crt"), &read("key"), now).expect("the zone's CA");
    let spec = LeafSpec {
        subject: Subject::with_common_name("leaf"),
        names: SubjectAltNames::default(),
        usages: Usages::CLIENT,
        validity: Duration::days(30),
        key: KeyAlgorithm::default(),
    };
    let issued = authority.issue(&spec, now).expect("a leaf");
    Forged { certificate: issued.certificate().pem(), key: issued.key().to_pem().to_string() }
}

fn name(stem: &str) -> String {
    format!("example.zone {stem} CA")
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file of the zone")
}
