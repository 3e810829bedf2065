//! The members by the zone document: fetched, verified with the CA of the local config, held against the one
//! that was accepted last, and kept before it is used.

use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::{Certificate, ShowPath, regular_file};

use super::own_credentials::public;
use super::{Search, unsound};
use etcd::tls::Trust;
use model::config::{
    LocalConfig, MemberList, NameserviceSettings, NodeName, Problem, Severity, ZoneDocument,
};
use model::error::{Exit, Failure, Result};
use model::plan::{Acceptance, DocumentRefusal, DocumentSigners, LastDocument, keeps_member};
use nameservice::{Base, fetch};
use store::node_directory::{Place, keep};
use store::zone_directory::signers_failure;

/// How long one base is asked.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(500);
/// How often is told what is waited for.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How long a document is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Once at each base.
    Once,
    /// As long as `deadline` says.
    UntilDeadline,
}

/// A document that is accepted.
pub(super) struct Accepted {
    pub(super) list: MemberList,
    pub(super) warnings: Vec<Problem>,
    /// As it was received.
    bytes: Vec<u8>,
}

impl Accepted {
    /// Keeps it, for the documents that come after it.
    pub(super) fn keep(&self, place: &Place<'_>) -> Result<()> {
        keep(&place.paths.zone_document(), &self.bytes)
    }
}

/// Looks for a document that the node accepts: at one base after the other, and again while one of them may
/// not be there yet. With data, `kept` is the list that the member has run with.
#[tracing::instrument(skip_all, name = "ask the nameservice")]
pub(super) fn accepted(
    settings: &NameserviceSettings,
    local: &LocalConfig,
    place: &Place<'_>,
    search: Search<'_>,
    patience: Patience,
    kept: Option<&MemberList>,
) -> Result<Accepted> {
    let here = place.paths.root();
    let bases: Vec<Base> = settings.bases.iter().map(|base| base.clone().relative_to(here)).collect();
    let judge = Judge::new(settings, local, place, search.now, kept)?;
    let until = Instant::now() + settings.deadline;
    let mut told: Option<Instant> = None;
    loop {
        let mut refusals = Vec::new();
        let limit = match patience {
            Patience::Once => REQUEST_LIMIT,
            Patience::UntilDeadline => REQUEST_LIMIT.min(until.saturating_duration_since(Instant::now())),
        };
        for (base, brought) in fetch(&bases, local.zone_name.as_str(), &judge.trust, limit) {
            let judged = match brought {
                Ok(bytes) => judge.judge(bytes, base),
                Err(error) => Err(Refused { refusal: error.refusal(), why: error.to_string() }),
            };
            match judged {
                Ok(accepted) => return Ok(accepted),
                Err(refused) => refusals.push((base, refused)),
            }
        }
        let may_come = refusals.iter().any(|(_, refused)| refused.may_come());
        if !may_come || patience == Patience::Once || Instant::now() >= until {
            return Err(not_found(&refusals, local));
        }
        if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            let told_of: Vec<String> =
                refusals.iter().map(|(base, refused)| format!("{base}: {}", refused.why)).collect();
            (search.tell)(&format!("waiting for the zone document: {}", told_of.join("; ")));
            told = Some(Instant::now());
        }
        sleep(PAUSE);
    }
}

struct Judge<'j> {
    local: &'j LocalConfig,
    signers: DocumentSigners,
    /// For the server's own certificate.
    trust: Trust,
    last: Option<LastDocument>,
    has_log: bool,
    /// The list that the member has run with, wherever it came from.
    kept: Option<&'j MemberList>,
    takes_unsigned: bool,
    now: OffsetDateTime,
}

struct Refused {
    refusal: DocumentRefusal,
    /// What the base itself says of it, if it says more.
    why: String,
}

impl Refused {
    fn may_come(&self) -> bool {
        matches!(self.refusal, DocumentRefusal::NotFound | DocumentRefusal::NoAnswer)
    }
}

impl From<DocumentRefusal> for Refused {
    fn from(refusal: DocumentRefusal) -> Self {
        Self { why: refusal.to_string(), refusal }
    }
}

impl<'j> Judge<'j> {
    fn new(
        settings: &NameserviceSettings,
        local: &'j LocalConfig,
        place: &Place<'_>,
        now: OffsetDateTime,
        kept: Option<&'j MemberList>,
    ) -> Result<Self> {
        let (signers, trust) = authorities(local, place)?;
        Ok(Self {
            local,
            signers,
            trust,
            last: last(place)?,
            has_log: super::has_log(place),
            kept,
            takes_unsigned: settings.insecure_unsigned,
            now,
        })
    }

    fn judge(&self, bytes: Vec<u8>, base: &Base) -> Result<Accepted, Refused> {
        let (document, mut warnings) = ZoneDocument::parse(&bytes).map_err(DocumentRefusal::from)?;
        let zone = &self.local.zone_name;
        let document = if document.sign.is_none() && self.takes_unsigned {
            if document.name != *zone {
                let (found, wanted) = (document.name, zone.clone());
                return Err(DocumentRefusal::OtherZone { found, wanted }.into());
            }
            warnings.push(Problem {
                severity: Severity::Warning,
                location: None,
                what: format!("the zone document from {base} is not signed: any machine may have written it"),
                instead: Some("sign it, and leave out `insecure_unsigned`".to_owned()),
            });
            document
        } else {
            let signed = self.signers.verify(document)?;
            let with_log = self.has_log.then_some(self.local.name.as_str());
            Acceptance { zone: Some(zone), now: self.now, last: self.last.as_ref(), with_log }
                .judge(&signed)?;
            signed.document().clone()
        };
        let own = NodeName::parse(self.local.name.as_str(), zone)
            .map_err(|fault| DocumentRefusal::Unreadable(fault.to_string()))?;
        let source = format!("the zone document from {base}");
        // A list that was found elsewhere may have a token of its own, which the log was written with.
        let token = self.kept.and_then(|kept| kept.token.clone());
        let (list, found) = MemberList::new(own, zone.clone(), source.clone(), token, document.members)
            .map_err(|problems| Refused {
                why: unsound(&source, problems.clone()).causes.join("; "),
                refusal: DocumentRefusal::Shape(problems),
            })?;
        self.refuse_other_member(&list)?;
        warnings.extend(found);
        Ok(Accepted { list, warnings, bytes })
    }
}

impl Judge<'_> {
    /// A document that is not signed is held against none before it, and that one may be lost: a member with
    /// data is not left out, and not moved, by either.
    fn refuse_other_member(&self, list: &MemberList) -> Result<(), DocumentRefusal> {
        match self.kept {
            Some(kept) => keeps_member(&list.members, &kept.members, kept.own.full()),
            None if self.has_log && !list.is_member() => {
                Err(DocumentRefusal::OtherRole { node: list.own.full().to_owned(), is_member: false })
            }
            None => Ok(()),
        }
    }
}

/// The CAs of a local config: of which one has to have signed, and to which a server's certificate chains.
pub(super) fn authorities(local: &LocalConfig, place: &Place<'_>) -> Result<(DocumentSigners, Trust)> {
    let pem = public(&local.ca, place.paths.root())?;
    let wrong = |error: &dyn std::error::Error| {
        Failure::bad_input(format!("`ca` in {} cannot be used", place.file.shown()))
            .because(error.to_string())
            .next("write the certificate of the zone's CA there")
    };
    let certificates = Certificate::chain_from_pem(&pem).map_err(|error| wrong(&error))?;
    let trust = Trust::of_der(certificates.iter().map(Certificate::der)).map_err(|error| wrong(&error))?;
    let signers = DocumentSigners::new(certificates).map_err(|fault| signers_failure(place.file, &fault))?;
    Ok((signers, trust))
}

/// The document that was accepted last; none if there was none, or an unsigned one.
fn last(place: &Place<'_>) -> Result<Option<LastDocument>> {
    let path = place.paths.zone_document();
    let bytes = match regular_file::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    let read = ZoneDocument::parse(&bytes).map_err(DocumentRefusal::from);
    match read.and_then(|(document, _)| LastDocument::kept(document)) {
        Ok(last) => Ok(Some(last)),
        Err(DocumentRefusal::Unsigned) => Ok(None),
        Err(refusal) => Err(Failure::bad_input(format!("{} is damaged", path.shown()))
            .because(&refusal)
            .next("put the last accepted zone document there: it keeps older ones out")),
    }
}

/// The exit code is that of what stands least by itself: a document that is wrong before one that is not
/// there, and that before one that may come.
fn not_found(refusals: &[(&Base, Refused)], local: &LocalConfig) -> Failure {
    let exits = || refusals.iter().map(|(_, refused)| refused.refusal.exit());
    let exit = [Exit::BadInput, Exit::MissingInput].into_iter().find(|exit| exits().any(|one| one == *exit));
    let what = format!("no zone document of {} is accepted", local.zone_name);
    let failure = Failure::new(exit.unwrap_or(Exit::Unavailable), what);
    let failure = refusals
        .iter()
        .fold(failure, |failure, (base, refused)| failure.because(format!("{base}: {}", refused.why)));
    failure.next(match exit {
        Some(_) => "sign a document on the signing host (zone-etcd nameservice sign), and put it there",
        None => "see that the nameservice runs and can be reached, and start again",
    })
}
