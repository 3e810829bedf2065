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
    let server = |stem: &'static str, trust: &'static str| {
        let pair = KeyPair::load(generation, stem)?;
        Trust::load(&generation.join(trust))?.server(&pair).map(Arc::new)
    };
    scenes
        .into_iter()
        .map(|scene| {
            let result = server(scene.server, scene.server_trust)
                .map_err(RehearsalError::from)
                .and_then(|server| dial(&scene, server));
            Rehearsed { scene, result }
        })
        .collect()
}

fn dial(scene: &Scene, server: Arc<rustls::ServerConfig>) -> Result<(), RehearsalError> {
    let pair = KeyPair::load(&scene.client_directory, &scene.client)?;
    let trust = Trust::load(&scene.client_directory.join(scene.client_trust))?;
    let (client, _) = trust.client(Some(&pair))?;
    let name =
        ServerName::try_from(scene.host.clone()).map_err(|_| RehearsalError::Host(scene.host.clone()))?;
    Ok(handshake(Arc::new(client), server, name)?)
}
