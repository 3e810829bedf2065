//! What is asked of one certificate: each rule once, with its source, for every judge. A caller chooses the
//! rules, and says for its reader how bad a fault is and what to do about it.
//!
//! What is asked of a chain is in [`check`](crate::check) and [`go`](crate::go).

use time::{Duration, OffsetDateTime};

use crate::certificate::Certificate;
use crate::instant::instant;
use crate::spec::Usages;

/// A rule, with what it takes beside the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// It is valid at this instant, its first and its last among them. RFC 5280, 4.1.2.5.
    Valid(OffsetDateTime),
    /// Less than two thirds of its life are over at this instant. Our own: there is time to replace it.
    Young(OffsetDateTime),
    /// What it issues at this instant for so long ends before it. Our own: no leaf outlives its CA.
    Outlives(OffsetDateTime, Duration),
    /// It is a CA, and may sign certificates. RFC 5280, 4.2.1.9 and 4.2.1.3.
    Authority,
    /// It can be trusted as a CA: before version 3 nothing in a certificate said whether it is one. RFC 5280,
    /// 6.1.4 (k); Go's `CheckSignatureFrom`.
    Anchor,
    /// At most so many CAs stand below it. RFC 5280, 4.2.1.9.
    Above(u32),
    /// Its key and, unless it issued itself, its signature are as strong as verifiers want it: OpenSSL at its
    /// default security level 2, and webpki.
    Strong,
    /// It may be used for all of these. RFC 5280, 4.2.1.12.
    Allows(Usages),
    /// It may be used for nothing else. Our own: a certificate opens what its role needs.
    AllowsOnly(Usages),
    /// It has no common name, which would be that of a user: what the REST gateway asks for is asked by
    /// others (`AuthInfoFromTLS` in `server/auth/store.go`), and `etcd grpc-proxy` does not start with one
    /// (`newTLS` in `server/etcdmain/grpc_proxy.go`).
    NoCommonName,
}

/// How a certificate breaks a rule: what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// [`Rule::Valid`]: its last instant is over.
    #[error("expired at {}", instant(*.0))]
    Expired(OffsetDateTime),
    /// [`Rule::Valid`]: its first instant is to come.
    #[error("is not valid before {}", instant(*.0))]
    NotYetValid(OffsetDateTime),
    /// [`Rule::Young`].
    #[error("has less than a third of its life left")]
    Ageing,
    /// [`Rule::Outlives`].
    #[error("ends before what it issues")]
    EndsFirst,
    /// [`Rule::Authority`] and [`Rule::Anchor`]: basicConstraints do not say CA.
    #[error("is not a certificate authority")]
    NotAnAuthority,
    /// [`Rule::Authority`]: keyUsage is there and lacks keyCertSign.
    #[error("may not sign certificates: keyUsage lacks keyCertSign")]
    NoCertificateSigning,
    /// [`Rule::Above`]: the path length.
    #[error("allows {0} CAs below it")]
    PathLength(u32),
    /// [`Rule::Strong`]: the length of the modulus in bits.
    #[error("has an RSA key of {0} bits, of at least 2048")]
    WeakKey(usize),
    /// [`Rule::Strong`]: such as `RSA with SHA-1`.
    #[error("is signed with {0}, which verifiers refuse")]
    WeakSignature(&'static str),
    /// [`Rule::Allows`]: those that it lacks.
    #[error("may not be used for {}", .0.in_words())]
    UsageMissing(Usages),
    /// [`Rule::AllowsOnly`]: those that are too many.
    #[error("may be used for {}, which it must not", .0.in_words())]
    UsageExcess(Usages),
    /// [`Rule::NoCommonName`].
    #[error("has a common name")]
    CommonName,
}

impl Certificate {
    /// How it breaks the first of these rules that it breaks.
    pub fn fault(&self, rules: &[Rule]) -> Option<Fault> {
        rules.iter().find_map(|rule| rule.fault(self))
    }
}

impl Rule {
    /// How a certificate breaks it.
    fn fault(self, certificate: &Certificate) -> Option<Fault> {
        let given = |is_broken: bool, fault: Fault| is_broken.then_some(fault);
        let (begin, end) = (certificate.not_before(), certificate.not_after());
        match self {
            Self::Valid(now) if now > end => Some(Fault::Expired(end)),
            Self::Valid(now) => given(now < begin, Fault::NotYetValid(begin)),
            Self::Young(now) => given(certificate.validity_used(now) >= 2.0 / 3.0, Fault::Ageing),
            Self::Outlives(now, validity) => {
                given(now.checked_add(validity).is_none_or(|last| last > end), Fault::EndsFirst)
            }
            Self::Authority if certificate.is_authority() => None,
            Self::Authority if certificate.has_authority_constraint() => Some(Fault::NoCertificateSigning),
            Self::Authority => Some(Fault::NotAnAuthority),
            Self::Anchor => given(!certificate.may_be_anchor(), Fault::NotAnAuthority),
            Self::Above(needed) => {
                certificate.path_length().filter(|most| *most < needed).map(Fault::PathLength)
            }
            Self::Strong => match (certificate.rsa_bits(), certificate.weak_signature()) {
                (Some(bits), _) if bits < 2048 => Some(Fault::WeakKey(bits)),
                // The signature of what is trusted is not verified.
                (_, Some(algorithm)) => given(!certificate.is_self_issued(), Fault::WeakSignature(algorithm)),
                _ => None,
            },
            Self::Allows(wanted) => {
                let missing = wanted.without(certificate.usages());
                given(missing != Usages::NONE, Fault::UsageMissing(missing))
            }
            Self::AllowsOnly(wanted) => {
                let surplus = certificate.usages().without(wanted);
                given(surplus != Usages::NONE, Fault::UsageExcess(surplus))
            }
            Self::NoCommonName => given(certificate.common_name().is_some(), Fault::CommonName),
        }
    }
}
