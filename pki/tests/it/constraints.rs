//! Name constraints as OpenSSL writes them, and what OpenSSL makes of the same names.

use zone_pki::{Authority, LeafSpec, Subject, Usages};

use crate::support::{Files, leaf_spec, now};

/// An authority by OpenSSL with these constraints.
fn authority(files: &Files, constraints: &str) -> Authority {
    files.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    let extension = format!("nameConstraints=critical,{constraints}");
    let (certificate, key) = files.authority_by_openssl("/CN=constrained", &["-addext", &extension]);
    Authority::load(&certificate, &key, now()).unwrap()
}

#[test]
fn a_name_is_permitted_exactly_if_openssl_accepts_a_certificate_with_it() {
    let constraints = [
        "permitted;DNS:example.zone",
        "permitted;DNS:.example.zone",
        "permitted;DNS:example.zone,permitted;DNS:localhost,excluded;DNS:secret.example.zone",
        "excluded;DNS:example.zone",
        "permitted;IP:10.0.0.0/255.255.255.0",
        "permitted;IP:10.0.0.0/255.255.255.0,excluded;IP:10.0.0.7/255.255.255.255",
        "permitted;IP:fd00:0:0:0:0:0:0:0/ffff:ffff:ffff:ffff:0:0:0:0",
        "permitted;DNS:EXAMPLE.zone,permitted;email:someone@example.zone",
    ];
    let names = [
        "example.zone",
        "node1.example.zone",
        "notexample.zone",
        "secret.example.zone",
        "a.secret.example.zone",
        "localhost",
        "10.0.0.1",
        "10.0.0.7",
        "10.0.1.1",
        "fd00::1",
        "fd01::1",
    ];
    for constraints in constraints {
        let files = Files::new();
        let authority = authority(&files, constraints);
        for name in names {
            // OpenSSL takes a common name that looks like a host for one.
            let subject = Subject::with_common_name("a node");
            let spec = LeafSpec { subject, ..leaf_spec(Usages::SERVER, &[name]) };
            let issued = authority.issue(&spec, now()).unwrap();
            files.write_certificate("leaf.pem", issued.certificate());
            let (accepted, said) = files.try_openssl("verify -CAfile ca.pem leaf.pem");
            let permitted = authority.certificate().name_constraints().check(&name.parse().unwrap());
            assert_eq!(
                permitted.is_ok(),
                accepted,
                "{name} under {constraints}: {permitted:?}, OpenSSL: {said}"
            );
        }
    }
}

#[test]
fn the_reason_names_the_constraint() {
    let files = Files::new();
    let constraints = "permitted;DNS:a.zone,permitted;DNS:b.zone,excluded;IP:10.0.0.0/255.0.0.0";
    let authority = authority(&files, constraints);
    let why = |name: &str| {
        let refused = authority.certificate().name_constraints().check(&name.parse().unwrap());
        refused.unwrap_err().to_string()
    };
    assert_eq!(why("node1.c.zone"), "only a.zone, b.zone is permitted");
    assert_eq!(why("10.1.2.3"), "10.0.0.0/8 is excluded");
}
