//! Every handshake that a member takes part in, made in memory with its own files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::material::{KeyPair, MaterialError, Trust};
use super::memory::{HandshakeError, handshake};
use crate::plan::{Plane, ROOT_FILE};

/// Who dials whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The certificate that is presented by the one who dials.
    pub client: String,
    /// The directory of its files.
    pub client_directory: PathBuf,
    /// The file of the authorities that it trusts, in that directory.
    pub client_trust: &'static str,
    /// The certificate of the one who is dialled, by its stem.
    pub server: &'static str,
    /// The file of the authorities that this one trusts.
    pub server_trust: &'static str,
    /// The host that is dialled.
    pub host: String,
}

/// How a rehearsal ended.
#[derive(Debug)]
pub struct Rehearsed {
    /// What was rehearsed.
    pub scene: Scene,
    /// Whether it went well.
    pub result: Result<(), RehearsalError>,
}

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
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

/// The handshakes of a member with the files of `generation`: with its peers as if they had its own certificate, of its REST
/// gateway with itself, and of clients. `dials_peers_with` is `peer`, or `peer-client`; `clients` are directories with the files
/// of a client.
pub fn scenes(
    generation: &Path,
    dials_peers_with: &str,
    peer_host: &str,
    client_host: &str,
    clients: &[PathBuf],
) -> Vec<Scene> {
    let scene = |client: &str, directory: &Path, client_trust, server, plane: Plane, host: &str| Scene {
        client: client.to_owned(),
        client_directory: directory.to_owned(),
        client_trust,
        server,
        server_trust: plane.authority_file(),
        host: host.to_owned(),
    };
    let peer_trust = Plane::Peer.authority_file();
    let mut scenes = vec![
        scene(dials_peers_with, generation, peer_trust, "peer", Plane::Peer, peer_host),
        scene("gateway", generation, Plane::Client.authority_file(), "server", Plane::Client, client_host),
    ];
    for directory in clients {
        scenes.push(scene("client", directory, ROOT_FILE, "server", Plane::Client, client_host));
    }
    scenes
}

/// Makes the handshakes, with the files as they are at this instant.
pub fn rehearse(generation: &Path, scenes: Vec<Scene>) -> Vec<Rehearsed> {
    scenes
        .into_iter()
        .map(|scene| {
            let result = dial(&scene, generation);
            Rehearsed { scene, result }
        })
        .collect()
}

fn dial(scene: &Scene, generation: &Path) -> Result<(), RehearsalError> {
    let server = Side::load(generation, scene.server, scene.server_trust)?;
    let client = Side::load(&scene.client_directory, &scene.client, scene.client_trust)?;
    let config = server.trust.server(&server.pair)?;
    let (dialling, _) = client.trust.client(Some(&client.pair))?;
    let name =
        ServerName::try_from(scene.host.clone()).map_err(|_| RehearsalError::Host(scene.host.clone()))?;
    handshake(Arc::new(dialling), Arc::new(config), name)?;
    // The real ones are made by Go, which looks at more than the library that made this one.
    client.trust.accepts_as_go(&server.pair, Some(&scene.host)).map_err(RehearsalError::ByClient)?;
    server.trust.accepts_as_go(&client.pair, None).map_err(RehearsalError::ByServer)
}

/// What one of the two presents, and whom it trusts.
struct Side {
    pair: KeyPair,
    trust: Trust,
}

impl Side {
    fn load(directory: &Path, stem: &str, trust: &str) -> Result<Self, MaterialError> {
        Ok(Self { pair: KeyPair::load(directory, stem)?, trust: Trust::load(&directory.join(trust))? })
    }
}
