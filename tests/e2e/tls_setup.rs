//! What the tests of refusals share: a member, and the ways to knock at its doors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use etcd::client::{ClientCredentials, MemberClient};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use time::OffsetDateTime;
use zone_pki::{Authority, KeyAlgorithm, LeafSpec, Subject, SubjectAltName, SubjectAltNames, Usages};

use crate::harness::TestZone;
use crate::harness::members::{loopback_zone, start_alone};
use crate::harness::processes::{Running, until};
use crate::harness::tls::{Client, Identity, Treatment};

/// A port of the member, and a request that it answers to those whom it admits.
pub struct Door {
    port: u16,
    request: &'static str,
    /// How etcd calls it when it logs a refusal.
    endpoint: &'static str,
}

/// The client plane, through the REST gateway.
pub const CLIENTS: Door = Door {
    port: 2379,
    request: "POST /v3/kv/range HTTP/1.1\r\nHost: localhost\r\nContent-Length: 14\r\n\r\n{\"key\":\"Zm9v\"}",
    endpoint: "rejected connection on client endpoint",
};

/// The peer plane.
pub const PEERS: Door = Door {
    port: 2380,
    request: "GET /members HTTP/1.1\r\nHost: localhost\r\n\r\n",
    endpoint: "rejected connection on peer endpoint",
};

/// Both versions of TLS, since they refuse at different moments.
pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A zone with one member that runs.
pub struct Guarded {
    pub zone: TestZone,
    pub member: Running,
}

impl Guarded {
    #[track_caller]
    pub fn start(settings: &str) -> Self {
        let zone = loopback_zone(1, settings);
        zone.run(&["init"]).expect_code(0);
        let member = start_alone(&zone);
        Self { zone, member }
    }

    /// The generation that the member reads at each handshake.
    pub fn generation(&self) -> PathBuf {
        self.zone.file("nodes/node1/pki/current")
    }

    /// A certificate of the node.
    pub fn of_node(&self, stem: &str) -> Identity {
        Identity::load(&self.generation(), stem)
    }

    /// A certificate of a client.
    pub fn of_client(&self, name: &str) -> Identity {
        Identity::load(&self.zone.file("clients").join(name).join("current"), "client")
    }

    /// Knocks with one version of TLS.
    #[track_caller]
    pub fn knock_with(
        &self,
        door: &Door,
        identity: Option<&Identity>,
        version: &'static SupportedProtocolVersion,
    ) -> Treatment {
        Client { root: &self.zone.file("ca/root.crt"), identity, versions: &[version] }
            .ask(door.port, door.request)
    }

    /// Asserts that the door is open to this identity, with every version of TLS.
    #[track_caller]
    pub fn assert_admitted(&self, door: &Door, identity: &Identity) {
        for version in VERSIONS {
            match self.knock_with(door, Some(identity), version) {
                Treatment::Answered(answer) if answer.starts_with("HTTP/1.1 200 ") => {}
                other => panic!("{version:?}: {other:?}\n{}", self.member.stderr()),
            }
        }
    }

    /// Asserts that the door is closed to this identity, by this alert and for this reason in etcd's log,
    /// with every version of TLS. `alert` names the one of TLS 1.2 and the one of 1.3; none where the
    /// connection is closed without one.
    #[track_caller]
    pub fn assert_refused(
        &self,
        door: &Door,
        identity: Option<&Identity>,
        alerts: [Option<&str>; 2],
        reason: &str,
    ) {
        for (version, alert) in VERSIONS.into_iter().zip(alerts) {
            let logged = self.member.stderr().len();
            let treatment = self.knock_with(door, identity, version);
            match (&treatment, alert) {
                (Treatment::Alert(actual), Some(expected)) if actual == expected => {}
                (Treatment::Closed, None) => {}
                _ => panic!(
                    "{version:?}: {treatment:?} instead of {alert:?}\n{}",
                    &self.member.stderr()[logged..]
                ),
            }
            self.wait_for_refusal(door, logged, reason);
        }
    }

    /// Waits until etcd has logged, beyond the length that its log had, that it refused somebody for this
    /// reason.
    #[track_caller]
    pub fn wait_for_refusal(&self, door: &Door, logged: usize, reason: &str) {
        until(&format!("`{}` with `{reason}` in the log", door.endpoint), || {
            let log = self.member.stderr();
            log[logged..]
                .lines()
                .any(|line| line.contains(door.endpoint) && line.contains(reason))
                .then_some(())
        });
    }

    /// Whether a read through gRPC succeeds. The directory is one with `ca.crt`, `client.crt` and
    /// `client.key`.
    pub fn reads_with_grpc(&self, directory: &Path) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let credentials = ClientCredentials::load(directory).expect("credentials");
            let client = MemberClient::new(
                "https://127.0.0.1:2379",
                "localhost",
                &credentials,
                Duration::from_secs(2),
            );
            client.expect("a client").quorum_read().await.is_ok()
        })
    }

    /// Issues a certificate that is valid until `ends` from now, which may lie in the past.
    #[track_caller]
    pub fn issue(&self, plane: &str, usages: Usages, ends: time::Duration) -> Identity {
        let now = OffsetDateTime::now_utc();
        let read =
            |extension| std::fs::read(self.zone.file(&format!("ca/{plane}.{extension}"))).expect("a CA");
        let authority = Authority::load(&read("crt"), &read("key"), now).expect("a CA");
        let mut names = SubjectAltNames::default();
        if usages.server {
            names.insert(SubjectAltName::ip([127, 0, 0, 1].into()));
        }
        let subject = Subject::with_common_name("root");
        // The CA is valid for five minutes already, and nothing that it issues begins before.
        let issued_at = now - time::Duration::minutes(3);
        let validity = ends + time::Duration::minutes(3);
        let spec = LeafSpec { subject, names, usages, validity, key: KeyAlgorithm::default() };
        let issued = authority.issue(&spec, issued_at).expect("a certificate");
        Identity::new(&issued.chain_pem(authority.certificate()), &issued.key().to_pem())
    }
}
