//! `nameservice verify`: whether a node would accept a zone document. It asks no network but the nameservice
//! that it is given.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::slice;

use etcd::tls::Trust;
use nameservice::{Base, FetchError, fetch};
use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::{Certificate, ShowPath, instant, jws, regular_file};

use crate::arguments::{name_of, open_zone};
use crate::cli::{Format, NameserviceVerifyArgs};
use crate::output::{json, print};
use model::config::{NameFault, NodeName, ZoneDocument, ZoneName};
use model::error::{Exit, Failure, Result};
use model::plan::{Acceptance, DocumentRefusal, DocumentSigners, LastDocument, SignedZoneDocument};
use model::report;
use store::zone_directory::{Authorities, signers_failure, zone_document_signers};

/// What a document has at most, and one byte to tell that it has more.
const READ_AT_MOST: u64 = (64 << 10) + 1;

pub(super) fn run(arguments: &NameserviceVerifyArgs, now: OffsetDateTime) -> Result<()> {
    let base = base(&arguments.file)?;
    let Trusted { signers, zone, servers } = trusted(arguments, now)?;
    let zone = arguments.name.as_deref().map(zone_name).transpose()?.or(zone);
    let last = arguments.last.as_deref().map(|file| {
        let last =
            read(file).and_then(|bytes| signed(&bytes, &signers, None)).map(|last| LastDocument::from(&last));
        last.map_err(|refusal| refusal.failure(&format!("{}, the last one,", name_of(file))))
    });
    let last = last.transpose()?;
    let node = arguments.node.as_deref().map(|node| node_name(node, last.as_ref())).transpose()?;
    let place = base.as_ref().map_or_else(|| name_of(&arguments.file), Base::to_string);
    let mut not_brought = None;
    let brought = match (&base, &zone) {
        (None, _) => read(&arguments.file),
        (Some(base), Some(zone)) => {
            let trust = servers.trust()?;
            fetch(slice::from_ref(base), zone.as_str(), &trust, *arguments.timeout)
                .map(|(_, fetched)| fetched)
                .next()
                .unwrap_or(Err(FetchError::NotFound(None)))
                .map_err(|error| {
                    let refusal = error.refusal();
                    not_brought = Some(error);
                    refusal
                })
        }
        (Some(base), None) => return Err(no_name(base)),
    };
    let acceptance = Acceptance {
        zone: zone.as_ref(),
        now,
        last: last.as_ref(),
        with_log: node.as_ref().map(NodeName::full),
    };
    let judged = brought.and_then(|bytes| {
        let signed = signed(&bytes, &signers, Some(&place))?;
        acceptance.judge(&signed).map(|()| signed)
    });
    if let (Some(node), Some(last), Ok(signed)) = (&node, &last, &judged) {
        let is_member = |document: &ZoneDocument| document.members.iter().any(|member| member.name == *node);
        if !is_member(last.document()) && !is_member(signed.document()) {
            report::warning(&format!("{node} has a member in neither document: nothing was compared for it"));
        }
    }
    match (arguments.format, &judged) {
        (Format::Json, Ok(signed)) => print(&json(&Verified::new(signed))?)?,
        (Format::Json, Err(refusal)) => print(&json(&Refused::new(refusal))?)?,
        (Format::Text, Ok(signed)) => print(&text(signed))?,
        (Format::Text, Err(_)) => {}
    }
    judged.map(drop).map_err(|refusal| match &not_brought {
        // What it says of it is more than that it is not there.
        Some(error) => Failure { causes: vec![error.to_string()], ..refusal.failure(&place) },
        None => refusal.failure(&place),
    })
}

/// Where a nameservice is, if that is meant and not a file.
fn base(written: &Path) -> Result<Option<Base>> {
    let text = written.to_string_lossy();
    let is_url = text.contains("://") || text.starts_with("file:");
    let parsed = is_url.then(|| Base::parse(&text)).transpose();
    parsed.map_err(|NameFault { what, instead }| Failure::new(Exit::Usage, what).next(instead))
}

fn no_name(base: &Base) -> Failure {
    Failure::new(Exit::Usage, format!("{base} has to be asked for a zone"))
        .because("with --ca it is not known which")
        .next("name it with --name")
}

/// Whose word counts.
struct Trusted {
    /// The CAs of which one has to have signed.
    signers: DocumentSigners,
    /// The zone that is meant, if that is known.
    zone: Option<ZoneName>,
    servers: Servers,
}

/// The CAs that a nameservice's own certificate chains to.
struct Servers {
    place: PathBuf,
    authorities: Vec<Certificate>,
}

impl Servers {
    fn trust(&self) -> Result<Trust> {
        Trust::of_der(self.authorities.iter().map(Certificate::der)).map_err(|error| {
            Failure::bad_input(format!("{} cannot be used for TLS", self.place.shown()))
                .because(&error)
                .next("name the certificate of the zone's CA, such as ca/root.crt of the zone directory")
        })
    }
}

fn trusted(arguments: &NameserviceVerifyArgs, now: OffsetDateTime) -> Result<Trusted> {
    let Some(file) = &arguments.ca else {
        let zone = open_zone(&arguments.zone)?;
        let signers = zone_document_signers(&zone, now)?;
        let authorities = Authorities::load_before_their_time(&zone.paths, now)?;
        let authorities = authorities.trusted_by_clients().into_iter().cloned().collect();
        let servers = Servers { place: zone.paths.authorities(), authorities };
        return Ok(Trusted { signers, zone: Some(zone.config.name), servers });
    };
    let text = regular_file::read(file).map_err(|error| Failure::read(file, &error))?;
    let certificates = Certificate::chain_from_pem(&text).map_err(|error| {
        Failure::bad_input(format!("{} cannot be used as a CA", file.shown()))
            .because(&error)
            .next("name the certificate of the zone's CA, such as ca/root.crt of the zone directory")
    })?;
    let signers =
        DocumentSigners::new(certificates.clone()).map_err(|fault| signers_failure(file, &fault))?;
    Ok(Trusted { signers, zone: None, servers: Servers { place: file.clone(), authorities: certificates } })
}

fn zone_name(text: &str) -> Result<ZoneName> {
    ZoneName::parse(text).map_err(|NameFault { what, instead }| {
        Failure::new(Exit::Usage, format!("--name {text}")).because(what).next(instead)
    })
}

fn node_name(text: &str, last: Option<&LastDocument>) -> Result<NodeName> {
    let Some(last) = last else { return Err(Failure::internal("there is no --last")) };
    NodeName::parse(text, &last.document().name).map_err(|NameFault { what, instead }| {
        Failure::new(Exit::Usage, format!("--node {text}")).because(what).next(instead)
    })
}

fn read(file: &Path) -> std::result::Result<Vec<u8>, DocumentRefusal> {
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => io::stdin().lock().take(READ_AT_MOST).read_to_end(&mut bytes),
        false => {
            regular_file::open(file).and_then(|opened| opened.take(READ_AT_MOST).read_to_end(&mut bytes))
        }
    };
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(DocumentRefusal::NotFound),
        Err(error) => Err(DocumentRefusal::Unreadable(error.to_string())),
    }
}

/// Reads a document, and verifies its signature. Its warnings are told if it has a `place`.
fn signed(
    bytes: &[u8],
    signers: &DocumentSigners,
    place: Option<&str>,
) -> std::result::Result<SignedZoneDocument, DocumentRefusal> {
    let (document, warnings) = ZoneDocument::parse(bytes)?;
    let signed = signers.verify(document)?;
    if let Some(place) = place {
        warnings.iter().for_each(|problem| report::problem(place, problem));
    }
    Ok(signed)
}

fn text(signed: &SignedZoneDocument) -> String {
    let Verified { zone, iat, exp, signer, kid, members, .. } = Verified::new(signed);
    let mut text = format!("accepted: the zone document of {zone}\n");
    text += &format!("  signed   {iat} by {signer}\n  key      {kid}\n  expires  {exp}\n");
    for Member { node, peer_url, client_url, protocol } in members {
        let through = if protocol == "cyfs" { ", through a gateway" } else { "" };
        text += &format!("  member   {node} {peer_url} {client_url}{through}\n");
    }
    for place in &signed.document().services {
        let (host, protocol) = (place.address.url_host(), place.protocol.as_str());
        text += &format!("  told by  {protocol}://{host}:{}\n", place.port);
    }
    text
}

/// A document that is accepted, for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Verified<'s> {
    accepted: bool,
    zone: &'s str,
    iat: String,
    exp: String,
    signer: &'s str,
    /// The RFC 7638 thumbprint of its key.
    kid: String,
    members: Vec<Member<'s>>,
}

#[derive(Serialize)]
struct Member<'s> {
    node: &'s str,
    peer_url: String,
    client_url: String,
    protocol: &'static str,
}

impl<'s> Verified<'s> {
    fn new(signed: &'s SignedZoneDocument) -> Self {
        let document = signed.document();
        let members = document.members.iter().map(|member| Member {
            node: member.name.full(),
            peer_url: member.peer_url(),
            client_url: member.client_url(),
            protocol: member.protocol.as_str(),
        });
        Self {
            accepted: true,
            zone: document.name.as_str(),
            iat: instant(signed.iat()),
            exp: instant(signed.exp()),
            signer: signed.signer().subject(),
            kid: jws::thumbprint(signed.signer().subject_public_key_info()).unwrap_or_default(),
            members: members.collect(),
        }
    }
}

/// One that is refused.
#[derive(Serialize)]
struct Refused {
    accepted: bool,
    refusal: &'static str,
    why: String,
}

impl Refused {
    fn new(refusal: &DocumentRefusal) -> Self {
        Self { accepted: false, refusal: refusal.kind(), why: refusal.to_string() }
    }
}
