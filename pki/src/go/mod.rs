//! Whether Go would accept a certificate: what `crypto/x509` and `crypto/tls` refuse, etcd refuses, and its
//! members and clients with it.
//!
//! The rules are those of Go 1.26, with which etcd is built, function by function; each refusal names the
//! function that it comes from, and the section of RFC 5280 where there is one. Other verifiers differ:
//! webpki, which our own connections are verified by, does not look at the constraints of a trust anchor, and
//! OpenSSL takes a negative serial number.
//!
//! | module | what of Go |
//! |---|---|
//! | `der` | `cryptobyte`: DER, in its shortest form only |
//! | `parser`, `extensions`, `name_constraints` | `parser.go`: what is a certificate at all |
//! | `text`, `uri` | the names that `parser.go` refuses |
//! | `chain`, `constraints`, `policy` | `verify.go`, `constraints.go`: what a chain has to satisfy |
//! | `search` | `verify.go`: which chains there are |
//! | `host` | `VerifyHostname` |

mod chain;
mod constraints;
mod der;
mod extensions;
mod host;
mod name_constraints;
mod parser;
mod policy;
mod search;
mod text;
mod uri;

use std::fmt;

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::spec::Usages;
use parser::Parsed;

/// What Go holds against a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The subject of the certificate.
    pub subject: String,
    /// The rule that it breaks.
    pub rule: Rule,
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What is wrong, after the subject.
    pub what: String,
    /// Where the rule stands.
    pub source: &'static str,
    /// What helps.
    pub remedy: &'static str,
}

impl Rule {
    fn new(what: impl Into<String>, source: &'static str, remedy: &'static str) -> Self {
        Self { what: what.into(), source, remedy }
    }

    fn of(self, certificate: &Certificate) -> Refusal {
        Refusal { subject: certificate.subject().to_owned(), rule: self }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (Go's {})", self.what, self.source)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.subject, self.rule)
    }
}

impl std::error::Error for Refusal {}

/// Whether Go reads the certificate at all.
pub(crate) fn readable(der: &[u8]) -> Result<(), Rule> {
    parser::parse(der).map(drop)
}

/// Whether a Go client that dials `host` takes the certificate for it: no common name, addresses against
/// addresses alone, a wildcard for one label. IPv6 may be in brackets.
pub fn covers(certificate: &Certificate, host: &str) -> bool {
    Parsed::new(certificate).is_ok_and(|parsed| host::covers(&parsed, host))
}

/// Whether a Go program that trusts `anchors` accepts the chain that a peer presents, leaf first, for each of
/// `usages`; as a client, that dialled `host`.
///
/// # Errors
/// The first rule that is broken on the way that leads furthest.
pub fn verify(
    presented: &[Certificate],
    anchors: &[Certificate],
    usages: Usages,
    host: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let presented = presented.iter().map(Parsed::new).collect::<Result<Vec<_>, _>>()?;
    let anchors = anchors.iter().map(Parsed::new).collect::<Result<Vec<_>, _>>()?;
    let Some((leaf, between)) = presented.split_first() else { return Ok(()) };
    for certificate in &presented {
        chain::presentable(certificate)?;
    }
    chain::servable(leaf)?;
    chain::valid_leaf(leaf, now)?;
    if let Some(host) = host {
        host::verify(leaf, host)?;
    }
    let chains = search::chains(leaf, between, &anchors, now)?;
    for usage in usages.iter() {
        let mut refusal = Ok(());
        let accepted = chains.iter().any(|chain| match chain::whole(chain, usage) {
            Ok(()) => true,
            Err(error) => {
                refusal = std::mem::replace(&mut refusal, Ok(())).and(Err(error));
                false
            }
        });
        if !accepted {
            refusal?;
        }
    }
    Ok(())
}

/// Whether Go accepts one chain, from the leaf to the anchor, each of which was signed by the next: the
/// signatures are not looked at.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn verify_chain(
    chain: &[&Certificate],
    usages: Usages,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let parsed = chain.iter().map(|certificate| Parsed::new(certificate)).collect::<Result<Vec<_>, _>>()?;
    let parsed: Vec<&Parsed<'_>> = parsed.iter().collect();
    let Some((leaf, above)) = parsed.split_first() else { return Ok(()) };
    chain::valid_leaf(leaf, now)?;
    for (index, authority) in above.iter().enumerate() {
        let is_anchor = index + 1 == above.len();
        chain::may_sign(authority)?;
        chain::valid_authority(authority, &parsed[..=index], is_anchor, now)?;
    }
    usages.iter().try_for_each(|usage| chain::whole(&parsed, usage))
}
