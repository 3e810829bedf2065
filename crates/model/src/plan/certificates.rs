//! Which certificates a node or client has to have, and whether the one that is there will do.

use time::OffsetDateTime;
use zone_pki::{Certificate, Fault, LeafSpec, Rule};

/// Why a certificate is issued although there may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssueReason {
    /// There is none.
    Missing,
    /// It cannot be read, or its key is not its own.
    Unusable(String),
    /// The authority is another one now.
    OtherAuthority,
    /// Its names are not those of the configuration.
    Names {
        /// In the configuration, but not in the certificate.
        missing: Vec<String>,
        /// In the certificate, but not in the configuration.
        surplus: Vec<String>,
    },
    /// Its usages or its subject are not those of its role.
    Role,
    /// Its validity starts later than this machine's clock says.
    NotYetValid,
    /// It was asked for.
    Requested,
    /// Its holder was revoked, and an operator has said that it is trusted again.
    Reinstated,
    /// Two thirds of its life, or more, are over.
    Ageing {
        /// Days until it expires; negative if it has.
        days_left: i64,
    },
}

impl std::fmt::Display for IssueReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => write!(f, "missing"),
            Self::Unusable(why) => write!(f, "unusable: {why}"),
            Self::OtherAuthority => write!(f, "issued by another CA"),
            Self::Reinstated => write!(f, "reinstated"),
            Self::Names { missing, surplus } => {
                let mut parts = Vec::new();
                if !missing.is_empty() {
                    parts.push(format!("without {}", missing.join(", ")));
                }
                if !surplus.is_empty() {
                    parts.push(format!("with {}", surplus.join(", ")));
                }
                write!(f, "names differ from zone.toml: {}", parts.join("; "))
            }
            Self::Role => write!(f, "subject or usages differ from its role"),
            Self::NotYetValid => write!(f, "not valid yet by this machine's clock"),
            Self::Requested => write!(f, "asked for"),
            Self::Ageing { days_left } if *days_left < 0 => write!(f, "expired"),
            Self::Ageing { days_left } => write!(f, "past two thirds of its life, {days_left} days left"),
        }
    }
}

/// Whether `certificate`, issued for `spec` by `authority`, has to be issued again at `now`.
pub fn reason_to_reissue(
    certificate: &Certificate,
    spec: &LeafSpec,
    authority: &Certificate,
    now: OffsetDateTime,
) -> Option<IssueReason> {
    let issued_by_authority = certificate.issuer_der() == authority.subject_der()
        // More than `names_issuer` asks: what the zone issues has an identifier whenever its CA has one, and
        // one without may be of another CA of that name, which `pki issue` is to replace.
        && authority
            .subject_key_identifier()
            .is_none_or(|identifier| certificate.authority_key_identifier() == Some(identifier));
    if !issued_by_authority {
        return Some(IssueReason::OtherAuthority);
    }
    if certificate.names() != &spec.names {
        let without = |these: &zone_pki::SubjectAltNames, those: &zone_pki::SubjectAltNames| {
            these.iter().filter(|name| !those.contains(name)).map(ToString::to_string).collect()
        };
        return Some(IssueReason::Names {
            missing: without(&spec.names, certificate.names()),
            surplus: without(certificate.names(), &spec.names),
        });
    }
    if certificate.usages() != spec.usages || certificate.common_name() != spec.subject.common_name.as_deref()
    {
        return Some(IssueReason::Role);
    }
    certificate.fault(&[Rule::Valid(now), Rule::Young(now)]).map(|fault| match fault {
        Fault::NotYetValid(_) => IssueReason::NotYetValid,
        _ => IssueReason::Ageing { days_left: days_left(certificate, now) },
    })
}

/// Whole days until a certificate expires, negative once it has.
pub fn days_left(certificate: &Certificate, now: OffsetDateTime) -> i64 {
    (certificate.not_after() - now).whole_seconds().div_euclid(24 * 3600)
}
