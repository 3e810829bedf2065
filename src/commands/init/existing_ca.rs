//! `init` with CAs that were made elsewhere.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::cli::ExistingCaArgs;
use model::config::ZoneConfig;
use model::error::{Exit, Failure, Result};
use model::report;
use store::zone_directory::{
    CaPassphrase, GivenCas, GivenFiles, NewKeys, ZoneDirectory, ZoneLock, adopt, complete, inspect,
    inspect_authority, request,
};

/// What is to be done about CAs made elsewhere.
pub(super) enum Wish<'a> {
    /// Nothing: the zone makes its own.
    None,
    Adopt(GivenCas),
    /// The zone's plane CAs are to be certified elsewhere, by the authority of this file if that is known.
    Request(Option<&'a Path>),
    Complete(&'a [PathBuf]),
}

/// Reads the options together.
pub(super) fn wish(arguments: &ExistingCaArgs) -> Result<Wish<'_>> {
    if !arguments.signed.is_empty() {
        return Ok(Wish::Complete(&arguments.signed));
    }
    if arguments.external {
        return Ok(Wish::Request(arguments.ca_cert.as_deref()));
    }
    let pair = |certificate: &Option<PathBuf>, key: &Option<PathBuf>| {
        let (certificate, key) = (certificate.clone()?, key.clone()?);
        Some(GivenFiles { certificate, key })
    };
    let root = pair(&arguments.ca_cert, &arguments.ca_key);
    if let (Some(file), None) = (&arguments.ca_cert, &root) {
        return Err(Failure::new(Exit::Usage, format!("the key of {} is not given", file.shown()))
            .because("the zone's plane CAs are signed with it")
            .next("add --ca-key FILE; if the CA keeps its key to itself: --external"));
    }
    let given = GivenCas {
        root,
        peer: pair(&arguments.peer_ca, &arguments.peer_ca_key),
        client: pair(&arguments.client_ca, &arguments.client_ca_key),
    };
    Ok(if given.is_empty() { Wish::None } else { Wish::Adopt(given) })
}

/// Whether the wish can be fulfilled in a zone that is only about to be described: nothing is written if it
/// cannot.
pub(super) fn inspect_for(
    wish: &Wish<'_>,
    description: &str,
    passphrase: &CaPassphrase,
    now: OffsetDateTime,
) -> Result<()> {
    // A description that does not hold has been refused before.
    let Ok((zone, _)) = ZoneConfig::parse(description) else { return Ok(()) };
    match wish {
        Wish::Adopt(given) => inspect(&zone, given, passphrase, now),
        Wish::Request(Some(authority)) => inspect_authority(&zone, authority, now),
        Wish::None | Wish::Request(None) | Wish::Complete(_) => Ok(()),
    }
}

/// Whether anything was made.
pub(super) fn take(
    zone: &ZoneDirectory,
    given: &GivenCas,
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<bool> {
    let made = adopt(&zone.paths, &zone.config, given, keys, now, held)?;
    if made {
        report::message(&format!("copied the CAs that were given to {}", zone.paths.authorities().shown()));
    }
    Ok(made)
}

/// Whether anything was made.
pub(super) fn finish(
    zone: &ZoneDirectory,
    files: &[PathBuf],
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<bool> {
    let made = complete(&zone.paths, &zone.config, files, &zone.ca_passphrase, now, held)?;
    if made {
        report::message(&format!("the zone has its CAs, in {}", zone.paths.authorities().shown()));
    }
    Ok(made)
}

/// Writes the requests, and says what the authority has to do with them.
pub(super) fn ask(
    zone: &ZoneDirectory,
    written: &Path,
    authority: Option<&Path>,
    keys: &NewKeys<'_>,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<()> {
    let requests = request(&zone.paths, &zone.config, authority, keys, now, held)?;
    let shown = requests.files.map(|file| report::shell_quoted_path(&file));
    let [peer, client] = &shown;
    let made = if requests.are_new { "wrote the requests" } else { "these requests were written before:" };
    let days = zone.config.pki.authority_validity.as_secs() / (24 * 3600);
    report::message(&format!(
        "{made} {peer} and {client}\n\n\
         the authority signs each with what it asks for:\n\
         \x20   basicConstraints  critical, CA:TRUE, pathlen:0\n\
         \x20   keyUsage          critical, keyCertSign, cRLSign\n\
         \x20   nameConstraints   critical, as in the request\n\
         \x20   no extendedKeyUsage; subject and key as they are; valid as long as the zone is to live\n\
         with openssl 3:\n\
         \x20   openssl x509 -req -in {peer} -CA CA.crt -CAkey CA.key -copy_extensions copyall -days {days} \
         -out peer.crt\n\
         \x20   openssl x509 -req -in {client} -CA CA.crt -CAkey CA.key -copy_extensions copyall -days \
         {days} -out client.crt\n\
         with cfssl, whose profile `zone` has \"usages\": [\"cert sign\", \"crl \
         sign\"], \"copy_extensions\": true and\n\
         \"ca_constraint\": {{\"is_ca\": true, \"max_path_len\": 0, \"max_path_len_zero\": true}}:\n\
         \x20   cfssl sign -ca CA.crt -ca-key CA.key -config cfssl.json -profile zone {peer} | cfssljson \
         -bare peer\n\
         next: zone-etcd init --zone {} --continue peer.crt client.crt CA.crt",
        report::shell_quoted_path(written),
    ));
    Ok(())
}
