//! `nameservice serve`: zone documents over HTTP.

use std::path::{Path, PathBuf};

use nameservice::server::{ReadSigners, Settings, serve};
use zone_pki::{Certificate, ShowPath, regular_file};

use crate::cli::NameserviceServeArgs;
use model::config::{LocalConfig, PemSource, ZoneName};
use model::error::{Exit, Failure, Result};
use model::plan::DocumentSigners;
use store::site::DEFAULT_CONFIG;
use store::zone_directory::{absolute, config_failure, signers_failure};

/// Where the zone's etcd is told of, beside node.json.
const PROVIDER_FILE: &str = "nameservice.json";

pub(super) fn run(arguments: &NameserviceServeArgs) -> Result<()> {
    let node = node(arguments)?;
    let beside = |name: &str| node.as_ref().map(|node| node.directory.join(name));
    let directory = match &arguments.directory {
        Some(directory) => Some(absolute(directory)?),
        None => node.as_ref().map(|node| node.directory.clone()),
    };
    let provider = match &arguments.provider {
        Some(file) => Some(absolute(file)?),
        None => beside(PROVIDER_FILE),
    };
    if directory.is_none() && provider.is_none() {
        return Err(Failure::new(Exit::Usage, "there is nothing to serve from").next(
            "name a directory with zone documents with --directory, or a provider file with --provider",
        ));
    }
    let other = node.iter().map(|node| node.file.clone()).chain(provider.clone()).collect();
    let tls = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    serve(Settings {
        listen: arguments.listen,
        tls,
        zone: node.as_ref().map(Node::zone).transpose()?,
        signers: signers(arguments, node)?,
        directory,
        other,
        provider,
    })
}

/// The node that it runs on.
struct Node {
    file: PathBuf,
    directory: PathBuf,
}

impl Node {
    fn load(&self) -> Result<LocalConfig> {
        LocalConfig::load(&self.file).map(|(local, _)| local).map_err(config_failure)
    }

    /// The name of the node without its first label.
    fn zone(&self) -> Result<ZoneName> {
        let name = self.load()?.name;
        let zone = name.as_str().split_once('.').and_then(|(_, zone)| ZoneName::parse(zone).ok());
        zone.ok_or_else(|| {
            Failure::new(Exit::Configuration, format!("{} names no zone", self.file.shown()))
                .because(format!("its `name` is {}", name.as_str()))
                .next("write the full name of the node, such as node1.example.zone")
        })
    }
}

/// What is on the command line comes before what is in the environment. With `--ca` alone there is no node.
fn node(arguments: &NameserviceServeArgs) -> Result<Option<Node>> {
    let variable = std::env::var_os("ZONE_ETCD_CONFIG").filter(|value| !value.is_empty());
    let named = arguments.config.clone().or(variable.map(PathBuf::from));
    let file = match (named, &arguments.ca) {
        (Some(file), _) => file,
        (None, None) => PathBuf::from(DEFAULT_CONFIG),
        (None, Some(_)) => return Ok(None),
    };
    let file = absolute(&file)?;
    let directory = file.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Some(Node { file, directory }))
}

/// Read again and again: a CA is added while another takes its place.
fn signers(arguments: &NameserviceServeArgs, node: Option<Node>) -> Result<ReadSigners> {
    let given = arguments.ca.as_deref().map(absolute).transpose()?;
    Ok(Box::new(move || match (&given, &node) {
        (Some(file), _) => of_file(file),
        (None, Some(node)) => match node.load()?.ca {
            PemSource::Inline(text) => of_pem(text.as_bytes(), &node.file),
            PemSource::File(path) => of_file(&node.directory.join(path)),
        },
        (None, None) => Err(Failure::internal("there is no CA")),
    }))
}

fn of_file(file: &Path) -> Result<Vec<Certificate>> {
    of_pem(&regular_file::read(file).map_err(|error| Failure::read(file, &error))?, file)
}

fn of_pem(text: &[u8], file: &Path) -> Result<Vec<Certificate>> {
    let certificates = Certificate::chain_from_pem(text).map_err(|error| {
        Failure::bad_input(format!("{} cannot be used as a CA", file.shown()))
            .because(&error)
            .next("name the certificate of the zone's CA, such as ca/root.crt of the zone directory")
    })?;
    DocumentSigners::new(certificates.clone()).map_err(|fault| signers_failure(file, &fault))?;
    Ok(certificates)
}
