//! `pki export`: what other software expects, from certificates that the zone has or issues first.

use time::OffsetDateTime;
use zone_pki::{Generation, ShowPath, StoreError};

use crate::arguments::open_zone;
use crate::cli::{ExportLayout, PkiExportArgs};
use host::passphrase::{PassphrasePurpose, PassphraseSource};
use launch::refuse_without_member;
use model::config::{ClientName, Node};
use model::error::{Exit, Failure, Result};
use model::plan::{CLIENT_ROLE, PEER, ROOT_FILE, Role, SERVER, roles_of};
use model::report;
use store::clients::{bring_holder_up_to_date, client_of_zone};
use store::export::{ExportFile, Identity, Member, kubeadm, pem, pkcs12, refuse_present, write_new};
use store::zone_directory::{Assessment, Authorities, Holder, ZoneDirectory, absolute};

/// By which names the passphrase of PKCS#12 files is given.
const PKCS12_PASSPHRASE: PassphrasePurpose = PassphrasePurpose {
    what: "the PKCS#12 files",
    file_option: "--pkcs12-passphrase-file",
    descriptor_option: "--pkcs12-passphrase-fd",
    credential: "zone-etcd.pkcs12-passphrase",
};

/// The client that the API server is, unless another is named. It has a certificate of its own, so that it
/// can be revoked.
const API_SERVER: &str = "apiserver-etcd-client";

#[tracing::instrument(skip_all, name = "pki export")]
pub(super) fn run(arguments: &PkiExportArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    let passphrase = passphrase(arguments)?;
    let out = absolute(&arguments.out)?;
    refuse_present(&out)?;
    let files = match (arguments.layout, &passphrase) {
        (ExportLayout::Kubeadm, _) => for_kubeadm(&zone, arguments, now)?,
        (ExportLayout::Pem, _) => {
            let (root, identities) = of_one(&zone, arguments, now)?;
            pem(&root, &identities)
        }
        (ExportLayout::Pkcs12, source) => {
            let (root, identities) = of_one(&zone, arguments, now)?;
            let source = source.as_ref().ok_or_else(|| Failure::internal("no passphrase for PKCS#12"))?;
            pkcs12(&root, &identities, &source.chosen()?)?
        }
    };
    write_new(&out, &files, &zone.lock_at_any_time()?)?;
    report::message(&format!("wrote {} files to {}", files.len(), out.shown()));
    Ok(())
}

fn passphrase(arguments: &PkiExportArgs) -> Result<Option<PassphraseSource>> {
    let (file, descriptor) = (arguments.pkcs12_passphrase_file.as_deref(), arguments.pkcs12_passphrase_fd);
    if arguments.layout == ExportLayout::Pkcs12 {
        return PassphraseSource::new(PKCS12_PASSPHRASE, file, descriptor).map(Some);
    }
    if file.is_none() && descriptor.is_none() {
        return Ok(None);
    }
    Err(Failure::new(Exit::Usage, "only the layout pkcs12 has a passphrase")
        .next("leave the passphrase out, or choose --layout pkcs12"))
}

fn of_one(
    zone: &ZoneDirectory,
    arguments: &PkiExportArgs,
    now: OffsetDateTime,
) -> Result<(Vec<u8>, Vec<Identity>)> {
    match (&arguments.node, &arguments.client) {
        (Some(node), None) => of_node(zone, zone.node(node)?, now),
        (None, Some(client)) => of_client(zone, &client_of_zone(zone, client)?, now),
        _ => Err(Failure::new(Exit::Usage, "this layout is of one node or of one client")
            .next("name a node, or a client with --client, and export the other into another directory")),
    }
}

fn for_kubeadm(
    zone: &ZoneDirectory,
    arguments: &PkiExportArgs,
    now: OffsetDateTime,
) -> Result<Vec<ExportFile>> {
    let client = match &arguments.client {
        Some(name) if name != API_SERVER => client_of_zone(zone, name)?,
        _ => ClientName::parse(API_SERVER).map_err(|_| Failure::internal("a name that is no client's"))?,
    };
    let (root, api_server) = of_client(zone, &client, now)?;
    let api_server = named(&api_server, CLIENT_ROLE.stem)?;
    let Some(node) = &arguments.node else { return Ok(kubeadm(&root, api_server, None)) };
    let node = zone.node(node)?;
    refuse_without_member(node)?;
    let (_, identities) = of_node(zone, node, now)?;
    let (_, health) = of_client(zone, &ClientName::health(), now)?;
    let member = Member {
        server: named(&identities, SERVER.stem)?,
        peer: named(&identities, PEER.stem)?,
        health: named(&health, CLIENT_ROLE.stem)?,
    };
    Ok(kubeadm(&root, api_server, Some(&member)))
}

fn of_node(zone: &ZoneDirectory, node: &Node, now: OffsetDateTime) -> Result<(Vec<u8>, Vec<Identity>)> {
    let roles: Vec<&Role> = roles_of(node).collect();
    read(zone, Holder::Node(node), &roles, now)
}

fn of_client(
    zone: &ZoneDirectory,
    client: &ClientName,
    now: OffsetDateTime,
) -> Result<(Vec<u8>, Vec<Identity>)> {
    read(zone, Holder::Client(client), &[&CLIENT_ROLE], now)
}

/// The root and the certificates of a holder, brought up to date, all from one generation.
fn read(
    zone: &ZoneDirectory,
    holder: Holder<'_>,
    roles: &[&Role],
    now: OffsetDateTime,
) -> Result<(Vec<u8>, Vec<Identity>)> {
    bring_holder_up_to_date(zone, holder, now)?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let assessment = Assessment::of(holder, &zone.config, &zone.paths, &authorities, now)?;
    let name = holder.short_name();
    assessment.refuse_keys_elsewhere(format!(
        "take its files from {name} itself: pki/current in its node directory"
    ))?;
    let generation = assessment.current.ok_or_else(|| Failure::internal("nothing was issued"))?;
    let failure = |error: StoreError| {
        Failure::bad_input(format!("cannot read the certificates of {}", holder.short_name()))
            .because(&error)
            .next("run the command again")
    };
    let identity = |role: &&Role| identity(&generation, role);
    let identities = roles.iter().map(identity).collect::<std::result::Result<_, _>>().map_err(failure)?;
    Ok((generation.read(ROOT_FILE).map_err(failure)?, identities))
}

fn identity(generation: &Generation, role: &Role) -> std::result::Result<Identity, StoreError> {
    Ok(Identity {
        stem: role.stem.to_owned(),
        chain: generation.read(&role.certificate_file())?,
        key: generation.read_private(&role.key_file())?,
    })
}

fn named<'i>(identities: &'i [Identity], stem: &str) -> Result<&'i Identity> {
    let found = identities.iter().find(|identity| identity.stem == stem);
    found.ok_or_else(|| Failure::internal(format!("there is no certificate {stem}")))
}
