//! What is to be revoked, as the command line names it.

use model::config::{ClientName, NameFault, Node, NodeName};
use model::error::{Exit, Failure, Result};
use store::zone_directory::{RevocationTarget, ZoneDirectory};

/// What is to be revoked.
#[derive(Debug)]
pub struct Target {
    /// As it was written.
    pub written: String,
    /// Which records are meant.
    pub records: RevocationTarget,
    client: Option<ClientName>,
    node: Option<NodeName>,
}

impl Target {
    /// Reads a client, a node or a serial number.
    ///
    /// # Errors
    /// The name of a client is not valid.
    pub fn parse(text: &str, zone: &ZoneDirectory) -> Result<Self> {
        let target = |records, client, node| Self { written: text.to_owned(), records, client, node };
        if let Some(name) = text.strip_prefix("client/") {
            let client = ClientName::parse(name)
                .map_err(|NameFault { what, instead }| Failure::new(Exit::Usage, what).next(instead))?;
            return Ok(target(RevocationTarget::Holder(format!("client/{client}")), Some(client), None));
        }
        if let Some(node) = zone.config.node(text) {
            let records = RevocationTarget::Holder(node.name.full().to_owned());
            return Ok(target(records, None, Some(node.name.clone())));
        }
        let digits: String = text.chars().filter(|c| *c != ':').collect();
        if digits.len() >= SERIAL_AT_LEAST && digits.chars().all(|c| c.is_ascii_hexdigit()) {
            // As the log has it: without zeros before it.
            let serial = digits.to_ascii_lowercase();
            return Ok(target(RevocationTarget::Serial(serial), None, None));
        }
        // A node that is no more in zone.toml. Its short name means what it meant there.
        let name = NodeName::parse(text, &zone.config.name).map(|name| name.full().to_owned());
        Ok(target(RevocationTarget::Holder(name.unwrap_or_else(|_| text.to_ascii_lowercase())), None, None))
    }

    /// The client, if one is meant.
    pub fn client(&self) -> Option<&ClientName> {
        self.client.as_ref()
    }

    /// The node, if one of `zone.toml` is meant.
    pub fn node<'z>(&self, zone: &'z ZoneDirectory) -> Option<&'z Node> {
        self.node.as_ref().and_then(|name| zone.config.node(name.full()))
    }
}

/// Serial numbers have 40 digits; fewer than this could be a name.
const SERIAL_AT_LEAST: usize = 16;
