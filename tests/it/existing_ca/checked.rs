//! What is said of a CA that will not do, before anything is written.

use super::refused;
use crate::harness::TestZone;
use crate::harness::authorities_elsewhere::{AuthoritiesElsewhere, CA, CA_OF_LEAVES};

const ROOT: [&str; 4] = ["--ca-cert", "ca.crt", "--ca-key", "ca.key"];
const CLIENT: [&str; 4] = ["--client-ca", "ca.crt", "--client-ca-key", "ca.key"];
const SIGNS: &str = "keyUsage=critical,keyCertSign,cRLSign";

/// A CA below a root, both in `ca.crt`, and its key in `ca.key`.
fn chain(root_extensions: &[&str], options: &[&str], extensions: &[&str]) -> AuthoritiesElsewhere {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("root", root_extensions);
    elsewhere.below_for("root", "own", options, extensions);
    elsewhere.join("ca.crt", &["own.crt", "root.crt"]);
    std::fs::copy(elsewhere.file("own.key"), elsewhere.file("ca.key")).expect("the key");
    elsewhere
}

fn root(extensions: &[&str]) -> AuthoritiesElsewhere {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("ca", extensions);
    elsewhere
}

#[test]
fn an_intermediate_for_leaves_only_is_to_be_a_plane_s_ca() {
    // As step-ca makes its intermediate: P-256, path length 0, below a root of path length 1.
    let elsewhere = chain(&["basicConstraints=critical,CA:TRUE,pathlen:1"], &[], &[CA_OF_LEAVES, SIGNS]);
    refused(
        &elsewhere,
        &ROOT,
        65,
        &["path length", "allows 0 CAs below it, and 1 would stand there", "--client-ca", "--peer-ca"],
    );
    elsewhere.init(&TestZone::empty(), &CLIENT).expect_code(0);
}

#[test]
fn a_path_length_that_is_too_short_further_up() {
    let elsewhere = chain(&["basicConstraints=critical,CA:TRUE,pathlen:1"], &[], &[CA, SIGNS]);
    refused(
        &elsewhere,
        &ROOT,
        65,
        &["CN=root, O=Corporation allows 1 CAs below it, and 2 would stand there"],
    );
    elsewhere.init(&TestZone::empty(), &CLIENT).expect_code(0);
}

#[test]
fn what_is_no_ca_or_may_not_sign() {
    refused(
        &chain(&[], &[], &["basicConstraints=CA:FALSE"]),
        &ROOT,
        65,
        &["is not a certificate authority", "CA:TRUE"],
    );
    let no_sign = chain(&[], &[], &[CA, "keyUsage=critical,cRLSign"]);
    refused(&no_sign, &ROOT, 65, &["keyUsage lacks keyCertSign"]);
    // A CA for servers alone would make peers that cannot dial.
    let servers = chain(&[], &[], &[CA, SIGNS, "extendedKeyUsage=serverAuth"]);
    refused(&servers, &ROOT, 65, &["issues would be refused", "client authentication"]);
}

#[test]
fn weak_keys_and_signatures() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.key("ca", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
    elsewhere.root("ca", &[]);
    refused(&elsewhere, &ROOT, 65, &["RSA key of 1024 bits", "2048"]);
    refused(&chain(&[], &["-sha1"], &[CA, SIGNS]), &ROOT, 65, &["ECDSA with SHA-1"]);
    // Nobody verifies the signature of a root.
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root_for("ca", &["-sha1"], &[SIGNS]);
    let told = elsewhere.init(&TestZone::empty(), &ROOT).expect_code(0);
    told.expect_error_with(&["warning: CN=ca", "ECDSA with SHA-1"]);
}

#[test]
fn weakness_above_counts_as_well() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.key("top", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024");
    elsewhere.root("top", &[]);
    elsewhere.below("top", "ca", &[CA]);
    elsewhere.join("chain.crt", &["ca.crt", "top.crt"]);
    refused(&elsewhere, &["--ca-cert", "chain.crt", "--ca-key", "ca.key"], 65, &["CN=top", "1024 bits"]);
}

#[test]
fn a_time_that_is_over_or_has_not_come() {
    let with_dates = |dates: &str| {
        let elsewhere = AuthoritiesElsewhere::new();
        elsewhere.key("ca", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
        elsewhere.openssl("req -new -key ca.key -out ca.csr -subj /CN=ca");
        std::fs::write(elsewhere.file("index.txt"), "").expect("a database");
        let config = "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\n\
                      default_md=sha256\n\
                      policy=any\nx509_extensions=v3\n[any]\ncommonName=supplied\n[v3]\n\
                      basicConstraints=critical,CA:TRUE\n";
        std::fs::write(elsewhere.file("ca.cnf"), config).expect("a configuration");
        elsewhere.openssl(&format!(
            "ca -batch -selfsign -config ca.cnf -in ca.csr -keyfile ca.key -out ca.crt -notext {dates}"
        ));
        elsewhere
    };
    refused(
        &with_dates("-startdate 20200101000000Z -enddate 20210101000000Z"),
        &ROOT,
        65,
        &["has expired", "2021-01-01"],
    );
    refused(
        &with_dates("-startdate 20990101000000Z -enddate 20991231000000Z"),
        &ROOT,
        65,
        &["is not valid yet", "2099-01-01"],
    );
}

#[test]
fn a_ca_that_ends_soon_is_warned_of() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root_for("ca", &["-days", "30"], &[SIGNS]);
    let told = elsewhere.init(&TestZone::empty(), &ROOT).expect_code(0);
    told.expect_error_with(&["warning: CN=ca", "expires in 29 days", "lives no longer"]);
}

#[test]
fn constraints_that_exclude_names_tell_which_name_of_which_node() {
    for (constraints, texts) in [
        (
            "permitted;DNS:other.zone",
            &["node1.example.zone of node1: only other.zone is permitted by CN=ca", "localhost of node1"][..],
        ),
        ("excluded;DNS:example.zone", &["node1.example.zone of node1: example.zone is excluded"]),
        (
            "permitted;IP:10.0.0.0/255.0.0.0",
            &["127.0.0.1 of node1: only 10.0.0.0/8 is permitted", "::1 of node1"],
        ),
    ] {
        let elsewhere = root(&[&format!("nameConstraints=critical,{constraints}")]);
        let texts = [&["may not certify the zone's names"], texts].concat();
        refused(&elsewhere, &ROOT, 78, &texts);
        refused(&elsewhere, &CLIENT, 78, &texts);
    }
}

#[test]
fn chains_that_are_incomplete_or_out_of_order() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root("root", &[]);
    elsewhere.below("root", "middle", &[CA]);
    elsewhere.below("middle", "ca", &[CA]);
    let refused = |parts: &[&str], texts: &[&str]| {
        elsewhere.join("chain.crt", parts);
        refused(&elsewhere, &["--ca-cert", "chain.crt", "--ca-key", "ca.key"], 65, texts);
    };
    refused(&["ca.crt", "root.crt"], &["is incomplete", "CN=ca, O=Corporation was issued by CN=middle"]);
    refused(&["ca.crt", "root.crt", "middle.crt"], &["is out of order", "certificate 2 in it is CN=root"]);
    refused(&["root.crt", "middle.crt", "ca.crt"], &["is out of order", "the key of certificate 3"]);
    refused(&["ca.crt", "middle.crt", "root.crt", "ca.crt"], &["nothing stands above CN=root"]);
}

#[test]
fn a_chain_whose_names_fit_and_whose_signature_does_not() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root_for("root", &[], &[SIGNS, "subjectKeyIdentifier=none"]);
    elsewhere.below_for("root", "ca", &[], &[CA, SIGNS, "authorityKeyIdentifier=none"]);
    std::fs::remove_file(elsewhere.file("root.key")).expect("removed");
    elsewhere.root_for("root", &[], &[SIGNS, "subjectKeyIdentifier=none"]);
    elsewhere.join("chain.crt", &["ca.crt", "root.crt"]);
    refused(
        &elsewhere,
        &["--ca-cert", "chain.crt", "--ca-key", "ca.key"],
        65,
        &["would be refused", "signature"],
    );
}

/// etcd would start and serve nobody: of the CAs that it trusts Go looks at everything, as it does above a
/// leaf.
#[test]
fn what_go_refuses_in_a_ca() {
    let unknown = "1.3.6.1.4.1.55555.1=critical,DER:0500";
    for (root_extensions, texts) in [
        (
            &["extendedKeyUsage=serverAuth"][..],
            &["CN=ca", "extendedKeyUsage without clientAuth", "checkChainForKeyUsage"][..],
        ),
        (&["extendedKeyUsage=codeSigning"], &["CN=ca", "does not allow server authentication"]),
        (&[unknown], &["CN=ca", "critical extension 1.3.6.1.4.1.55555.1", "RFC 5280, 4.2"]),
    ] {
        refused(&root(root_extensions), &ROOT, 65, &[&["issues would be refused"], texts].concat());
        // The same above the CA of a plane, which is all that members trust: clients trust what is above.
        let above = chain(root_extensions, &[], &[CA_OF_LEAVES, SIGNS]);
        let texts: Vec<String> = texts.iter().map(|text| text.replace("CN=ca", "CN=root")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        refused(&above, &CLIENT, 65, &[&["issues would be refused"], texts.as_slice()].concat());
    }
    // Below a sound root as well.
    let below = |extensions: &[&str]| chain(&[], &[], &[&[CA, SIGNS], extensions].concat());
    refused(&below(&["extendedKeyUsage=codeSigning"]), &ROOT, 65, &["issues would be refused"]);
    refused(&below(&[unknown]), &CLIENT, 65, &["issues would be refused"]);
}

#[test]
fn a_negative_serial_number() {
    let elsewhere = AuthoritiesElsewhere::new();
    elsewhere.root_for("ca", &["-set_serial", "-0x1234"], &[SIGNS]);
    refused(
        &elsewhere,
        &ROOT,
        65,
        &["has a negative serial number", "x509.ParseCertificate", "RFC 5280, 4.1.2.2"],
    );
    refused(&elsewhere, &CLIENT, 65, &["has a negative serial number"]);
}
