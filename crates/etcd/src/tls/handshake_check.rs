//! Every handshake that a member takes part in, made in memory with its own files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};

use super::material::{MaterialError, Side};
use super::memory::{HandshakeError, handshake};
use host::{Beside, beside};
use model::plan::{GATEWAY, NODE_CLIENT, Plane, ROOT_FILE, Role};

/// Who dials whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeCase {
    /// What is presented by the one who dials.
    pub client: &'static Role,
    /// The directory of its files.
    pub client_directory: PathBuf,
    /// The file of the authorities that it trusts, in that directory.
    pub client_trust: &'static str,
    /// What is presented by the one who is dialled.
    pub server: &'static Role,
    /// The file of the authorities that this one trusts.
    pub server_trust: &'static str,
    pub host: String,
}

impl HandshakeCase {
    fn name(&self) -> Result<ServerName<'static>, HandshakeCheckError> {
        ServerName::try_from(self.host.clone()).map_err(|_| HandshakeCheckError::Host(self.host.clone()))
    }
}

#[derive(Debug)]
pub struct HandshakeCheck {
    pub case: HandshakeCase,
    pub result: Result<(), HandshakeCheckError>,
}

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeCheckError {
    /// The files cannot be used.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// One side refused the other.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// Go would refuse the server.
    #[error("the client refuses the server: {0}")]
    ByClient(#[source] MaterialError),
    /// Go would refuse the client.
    #[error("the server refuses the client: {0}")]
    ByServer(#[source] MaterialError),
    /// No name that can be dialled.
    #[error("{0} is neither a DNS name nor an address")]
    Host(String),
}

/// The handshakes of a member with the files of `generation`: with its peers as if they had its own
/// certificate, of its REST gateway with itself, and of clients. `clients` are directories with the files of
/// a client.
pub fn handshake_cases(
    generation: &Path,
    dials_peers_with: &'static Role,
    peer_host: &str,
    client_host: &str,
    clients: &[PathBuf],
) -> Vec<HandshakeCase> {
    let case =
        |client: &'static Role, directory: &Path, client_trust, plane: Plane, host: &str| HandshakeCase {
            client,
            client_directory: directory.to_owned(),
            client_trust,
            server: plane.serves_with(),
            server_trust: plane.authority_file(),
            host: host.to_owned(),
        };
    let [peer_trust, client_trust] = [Plane::Peer, Plane::Client].map(Plane::authority_file);
    let mut handshake_cases = vec![
        case(dials_peers_with, generation, peer_trust, Plane::Peer, peer_host),
        case(&GATEWAY, generation, client_trust, Plane::Client, client_host),
    ];
    for directory in clients {
        handshake_cases.push(case(&NODE_CLIENT, directory, ROOT_FILE, Plane::Client, client_host));
    }
    handshake_cases
}

/// Verifies what both sides present in each case, as a start does: a handshake without its exchange of keys,
/// which takes four fifths of the time. That keys are those of their certificates is judged elsewhere.
pub fn verify_handshakes(
    handshake_cases: Vec<HandshakeCase>,
    of_generation: impl Fn(&str, &str) -> Result<Side, MaterialError>,
) -> Vec<HandshakeCheck> {
    let verify = |case: &HandshakeCase| {
        let server = of_generation(case.server.stem, case.server_trust)?;
        let client = of_generation(case.client.stem, case.client_trust)?;
        verify_each_other(case, &client, &server)?;
        accept_as_go(case, &client, &server)
    };
    let check = |case| HandshakeCheck { result: verify(&case), case };
    handshake_cases.into_iter().map(check).collect()
}

/// What rustls verifies in a handshake, but for the signatures that are of this one alone.
fn verify_each_other(case: &HandshakeCase, client: &Side, server: &Side) -> Result<(), HandshakeCheckError> {
    let (name, now) = (case.name()?, UnixTime::now());
    let (leaf, above) = server.pair.presented()?;
    let verifier = client.trust.server_verifier()?;
    let verified =
        server.pair.fits().and_then(|()| verifier.verify_server_cert(leaf, above, &name, &[], now));
    verified.map_err(HandshakeError::ByClient)?;
    let (leaf, above) = client.pair.presented()?;
    let verifier = server.trust.client_verifier()?;
    let verified = client.pair.fits().and_then(|()| verifier.verify_client_cert(leaf, above, now));
    verified.map_err(HandshakeError::ByServer)?;
    Ok(())
}

/// Makes the handshakes beside each other, with the files as they are at this instant. Those of `generation`
/// are what `of_generation` gives for a stem and the name of a trust file: from its directory, as
/// [`Side::load`], or as they were read before.
pub fn check_handshakes(
    generation: &Path,
    handshake_cases: Vec<HandshakeCase>,
    of_generation: impl Fn(&str, &str) -> Result<Side, MaterialError> + Sync,
) -> Vec<HandshakeCheck> {
    let dial = |case: &HandshakeCase| {
        let server = of_generation(case.server.stem, case.server_trust)?;
        let client = match case.client_directory == generation {
            true => of_generation(case.client.stem, case.client_trust)?,
            false => Side::load(&case.client_directory, case.client.stem, case.client_trust)?,
        };
        dial(case, &client, &server)
    };
    std::thread::scope(|scope| {
        let dial = &dial;
        let begun = |case| beside(scope, move || HandshakeCheck { result: dial(&case), case });
        let begun: Vec<_> = handshake_cases.into_iter().map(begun).collect();
        begun.into_iter().map(Beside::join).collect()
    })
}

fn dial(case: &HandshakeCase, client: &Side, server: &Side) -> Result<(), HandshakeCheckError> {
    let config = server.trust.server(&server.pair)?;
    let (dialling, _) = client.trust.client(Some(&client.pair))?;
    handshake(Arc::new(dialling), Arc::new(config), case.name()?)?;
    accept_as_go(case, client, server)
}

/// The real ones are made by Go, which looks at more than the library that verified here.
fn accept_as_go(case: &HandshakeCase, client: &Side, server: &Side) -> Result<(), HandshakeCheckError> {
    client.trust.accepts_as_go(&server.pair, Some(&case.host)).map_err(HandshakeCheckError::ByClient)?;
    server.trust.accepts_as_go(&client.pair, None).map_err(HandshakeCheckError::ByServer)
}
