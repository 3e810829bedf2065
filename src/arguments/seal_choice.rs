//! How the bundles are to be sealed, as the command line says it.

use std::collections::HashMap;
use std::path::Path;

use age::secrecy::SecretString;
use zone_pki::{ShowPath, regular_file};

use super::passphrase;
use crate::cli::BundleSealingArgs;
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted;
use store::bundle::{Recipient, Sealing};
use store::zone_directory::ZoneDirectory;

/// A file travels, and can be tried against for as long as it is kept.
const PASSPHRASE_AT_LEAST: usize = 12;

/// One way for all bundles of a call.
#[derive(Debug)]
pub enum SealChoice {
    Plain,
    Passphrase(SecretString),
    Recipients { everyone: Vec<Recipient>, by_node: HashMap<String, Vec<Recipient>> },
}

impl SealChoice {
    pub fn read(arguments: &BundleSealingArgs, zone: &ZoneDirectory) -> Result<Self> {
        let has_recipients = !arguments.recipients.is_empty() || arguments.recipients_file.is_some();
        let has_passphrase = passphrase::is_named(&arguments.passphrase);
        match (has_recipients, has_passphrase, arguments.no_encryption) {
            (true, false, false) => read_recipients(arguments, zone),
            (false, true, false) => read_passphrase(arguments),
            (false, false, true) => Ok(Self::Plain),
            (false, false, false) => Err(not_one("nothing says how the bundles are to be sealed")),
            _ => Err(not_one("a bundle is sealed in one way")),
        }
    }

    /// The seal of a node's bundle.
    pub fn of(&self, node: &Node) -> Result<Sealing<'_>> {
        Ok(match self {
            Self::Plain => Sealing::Plain,
            Self::Passphrase(passphrase) => Sealing::Passphrase(passphrase),
            Self::Recipients { everyone, by_node } => {
                let own = by_node.get(node.name.full()).into_iter().flatten();
                let keys: Vec<&Recipient> = everyone.iter().chain(own).collect();
                if keys.is_empty() {
                    let name = node.name.short();
                    return Err(Failure::new(Exit::Usage, format!("there is no recipient for {name}")).next(
                        format!(
                            "add its public key: --recipient '{name}=ssh-ed25519 …', or name the nodes to \
                             bundle"
                        ),
                    ));
                }
                Sealing::Recipients(keys)
            }
        })
    }
}

fn not_one(what: &str) -> Failure {
    Failure::new(Exit::Usage, what)
        .because(
            "--recipient KEY: only who has the private key opens it, such as the node with its SSH host key",
        )
        .because("--passphrase-file FILE: anyone who knows the passphrase opens it")
        .because("--no-encryption: not sealed, so anyone who gets the file has the keys of the node")
        .next("give one of the three, such as --recipient \"$(cat node1.pub)\"")
}

fn read_passphrase(arguments: &BundleSealingArgs) -> Result<SealChoice> {
    let passphrase = passphrase::source(&arguments.passphrase)?.existing()?;
    let length = passphrase.as_str().chars().count();
    if length < PASSPHRASE_AT_LEAST {
        return Err(Failure::bad_input(format!("the passphrase has {length} characters"))
            .because("anyone who gets a bundle can try passphrases for as long as it takes")
            .next(format!(
                "use at least {PASSPHRASE_AT_LEAST}, best at random: (umask 077; openssl rand -hex 16 > FILE)"
            )));
    }
    Ok(SealChoice::Passphrase(SecretString::from(passphrase.as_str().to_owned())))
}

fn read_recipients(arguments: &BundleSealingArgs, zone: &ZoneDirectory) -> Result<SealChoice> {
    let mut everyone = Vec::new();
    let mut by_node: HashMap<String, Vec<Recipient>> = HashMap::new();
    let mut add = |node: Option<&str>, recipient| -> Result<()> {
        match node {
            None => everyone.push(recipient),
            Some(name) => {
                let node = zone.node(name)?;
                by_node.entry(node.name.full().to_owned()).or_default().push(recipient);
            }
        }
        Ok(())
    };
    for text in &arguments.recipients {
        let (node, recipient) = parse(text, '=', "--recipient")?;
        add(node, recipient)?;
    }
    if let Some(path) = &arguments.recipients_file {
        let text = regular_file::read_to_string(path).map_err(|error| Failure::read(path, &error))?;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{} line {}", path.shown(), index + 1);
            let (node, recipient) = parse(line, ' ', &place)?;
            add(node, recipient)?;
        }
    }
    Ok(SealChoice::Recipients { everyone, by_node })
}

/// `KEY`, or a node, the separator and `KEY`. A key is tried first: some have an equals sign in them.
fn parse<'t>(text: &'t str, separator: char, place: &str) -> Result<(Option<&'t str>, Recipient)> {
    let error = match Recipient::parse(text) {
        Ok(recipient) => return Ok((None, recipient)),
        Err(error) => error,
    };
    let is_key = ["ssh-", "age1", "ecdsa-", "sk-"].iter().any(|kind| text.starts_with(kind));
    let parts = text.split_once(separator).filter(|_| !is_key);
    let (written, error) = match parts.map(|(node, key)| (node, key, Recipient::parse(key))) {
        Some((node, _, Ok(recipient))) => return Ok((Some(node), recipient)),
        Some((_, key, Err(error))) => (key, error),
        None => (text, error),
    };
    if Path::new(written).is_file() {
        let node = parts.map(|(node, _)| format!("{node}=")).unwrap_or_default();
        let file = shell_quoted(written);
        return Err(Failure::new(
            Exit::Usage,
            format!("{place}: {written} is a file, and the key itself is wanted"),
        )
        .next(format!("give what is in the file of the public key: --recipient {node}\"$(cat {file})\"")));
    }
    // The text itself may be a private key.
    Err(Failure::new(Exit::Usage, format!("{place}: no key that a bundle can be sealed to"))
        .because(&error)
        .next("give the public key: what `age-keygen -y KEYFILE` prints, or a line of ~/.ssh/id_ed25519.pub"))
}
