//! What things cost. Ignored by default, for the numbers depend on the machine and on what else it does:
//! `cargo test --release -p zone-pki -- --ignored cost::the --nocapture --test-threads=1`.

use std::time::{Duration, Instant};

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use zone_pki::{Authority, FileKind, GenerationStore, Staged, SubjectAltName, Usages, commit_all, verify};

use crate::support::{leaf_spec, now, root_and_plane};

const ROUNDS: u32 = 2000;
const NAMES: [&str; 6] =
    ["node1.example.zone", "localhost", "node1.svc.example.zone", "10.0.0.1", "127.0.0.1", "::1"];

/// The best of five averages: what disturbs a measurement only ever adds to it.
fn measure(mut run: impl FnMut()) -> Duration {
    let once = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| run());
        start.elapsed() / ROUNDS
    };
    (0..5).map(|_| once(&mut run)).min().unwrap()
}

#[test]
#[ignore = "measures time"]
fn the_cost_of_issuing_is_near_that_of_the_library_alone() {
    let (_, plane) = root_and_plane();
    let spec = leaf_spec(Usages::BOTH, &NAMES);
    let ours = measure(|| drop(plane.issue(&spec, now()).unwrap()));
    let bare = measure_bare(&plane);
    let issued = plane.issue(&spec, now()).unwrap();
    let check = measure(|| {
        verify(issued.certificate(), &[], plane.certificate(), Usages::BOTH, &spec.names, now()).unwrap();
    });
    println!("issue {ours:?}, the library alone {bare:?}, check {check:?}");
    assert!(ours.as_secs_f64() < 1.3 * bare.as_secs_f64());
}

/// The same key and certificate with rcgen and nothing around it.
fn measure_bare(plane: &Authority) -> Duration {
    let signer = KeyPair::from_pem(&plane.key().to_pem()).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&plane.certificate().pem(), signer).unwrap();
    measure(|| {
        let mut parameters = CertificateParams::default();
        let spec = leaf_spec(Usages::BOTH, &NAMES);
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "node1.example.zone");
        parameters.serial_number = Some(SerialNumber::from(1u64 << 60));
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        parameters.subject_alt_names = spec
            .names
            .iter()
            .map(|name| match name {
                SubjectAltName::Dns(name) => SanType::DnsName(name.as_str().try_into().unwrap()),
                SubjectAltName::Ip(address) => SanType::IpAddress(*address),
            })
            .collect();
        let key = KeyPair::generate().unwrap();
        drop(parameters.signed_by(&key, &issuer).unwrap());
    })
}

#[test]
#[ignore = "measures time"]
fn the_cost_of_committing_many_at_once_is_less_than_one_by_one() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let stage = |root: &str| -> Vec<Staged> {
        (0..100)
            .map(|node| {
                let store = GenerationStore::new(directory.path().join(root).join(format!("node{node}")));
                let mut staged = store.stage().unwrap();
                for file in 0..6 {
                    staged.add(&format!("file{file}"), &[0; 800], FileKind::Private).unwrap();
                }
                staged
            })
            .collect()
    };
    let start = Instant::now();
    for staged in stage("one by one") {
        staged.commit().unwrap();
    }
    let one_by_one = start.elapsed();
    let start = Instant::now();
    commit_all(stage("at once")).unwrap();
    let at_once = start.elapsed();
    println!("100 generations of 6 files: one by one {one_by_one:?}, at once {at_once:?}");
    assert!(at_once * 2 < one_by_one);
}
