//! What a node has said of itself, as the node sees it: with its own certificate, and without the zone's CAs.

use zone_pki::{Certificate, regular_file};

use super::Credentials;
use super::nodes::{first_that_answers, heard};
use etcd::client::CallError;
use model::formats::SignedAnswer;
use model::plan::{CLIENT_ROLE, DeliveryKeys, HeardAnswer};
use store::node_directory::NodeDirectory;

/// What is in etcd in the name of a node.
#[derive(Clone, Debug)]
pub enum OwnAnswer {
    /// What the node has signed with the certificate that is in use here.
    Said(Box<HeardAnswer>),
    /// Nothing.
    Nothing,
    /// Something else, and why.
    NotOwn(String),
    /// The node may not read it.
    Denied(String),
    /// No member tells.
    NotRead(String),
}

/// Reads the answer of a node. To be called by [`on_runtime`](super::on_runtime).
pub async fn own_answer(node: &NodeDirectory, credentials: &Credentials) -> OwnAnswer {
    let Some(client) = first_that_answers(node.config.client_urls(), credentials).await else {
        return OwnAnswer::NotRead("no member takes requests".to_owned());
    };
    match client.get(DeliveryKeys::of(&node.name).answer().as_bytes()).await {
        Ok(None) => OwnAnswer::Nothing,
        Ok(Some(pair)) => own(node, &pair.value).unwrap_or_else(OwnAnswer::NotOwn),
        Err(error @ (CallError::Denied(_) | CallError::NoUser(_))) => OwnAnswer::Denied(error.to_string()),
        Err(error) => OwnAnswer::NotRead(error.to_string()),
    }
}

/// What another certificate has signed may be of any node or none: which CAs are the zone's is not looked at
/// here.
fn own(node: &NodeDirectory, value: &[u8]) -> Result<OwnAnswer, String> {
    let signed = SignedAnswer::parse(value).map_err(|fault| fault.to_string())?;
    let path = node.paths.current(&CLIENT_ROLE.certificate_file());
    let bytes = regular_file::read(&path).map_err(|error| error.to_string())?;
    let in_use = Certificate::from_pem(&bytes).map_err(|error| error.to_string())?;
    if signed.certificate().der() != in_use.der() {
        return Err("another certificate than the one in use here has signed it".to_owned());
    }
    let answer = signed.verified().map_err(|fault| fault.to_string())?;
    Ok(OwnAnswer::Said(Box::new(heard(answer))))
}
