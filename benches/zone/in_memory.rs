//! Issuing in memory: what the checks of `zone_pki` add to rcgen.

use std::hint::black_box;
use std::net::Ipv4Addr;

use time::{Duration, OffsetDateTime};
use zone_pki::{Authority, AuthoritySpec, KeyAlgorithm, LeafSpec, Subject, SubjectAltNames, Usages, verify};

use crate::Result;
use crate::arguments::Arguments;
use crate::raw_rcgen::RawAuthority;
use crate::report::{Section, in_milliseconds, in_times};
use crate::statistics::{Samples, timed};

/// Certificates between two looks at the clock.
const BLOCK: usize = 50;

/// Raw rcgen, `Authority::issue`, and issuing with the verification that the program puts behind it, in turn.
pub fn measure(arguments: &Arguments) -> Result<Section> {
    let now = OffsetDateTime::now_utc();
    let spec = leaf()?;
    let raw = RawAuthority::generate(now)?;
    let authority = Authority::generate(&authority_spec(), now)?;
    same_kind_of_certificate(&raw, &authority, &spec, now)?;

    let blocks = arguments.runs(30, 200);
    let (mut bare, mut issued, mut verified) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..blocks {
        bare.add(block(|| raw.issue(&spec, now))?);
        issued.add(block(|| Ok(authority.issue(&spec, now)?))?);
        verified.add(block(|| {
            let leaf = authority.issue(&spec, now)?;
            verify(leaf.certificate(), &[], authority.certificate(), spec.usages, &spec.names, now)?;
            Ok((leaf.chain_pem(authority.certificate()), leaf.key().to_pem()))
        })?);
    }
    let [bare, issued, verified] = [bare, issued, verified].map(|samples| samples.divided_by(BLOCK).median());

    let mut section = Section::new(format!(
        "issue, in memory: P-256, key included, median of {blocks} times {BLOCK} certificates"
    ));
    section.figure("rcgen alone", in_milliseconds(bare));
    section.figure("Authority::issue", in_milliseconds(issued));
    section.at_most("Authority::issue, of rcgen alone", issued / bare, 1.3, in_times);
    section.figure("issued, verified with webpki, written as PEM", in_milliseconds(verified));
    Ok(section)
}

fn block<T>(mut issue: impl FnMut() -> Result<T>) -> Result<std::time::Duration> {
    let (duration, outcome) =
        timed(|| (0..BLOCK).try_for_each(|_| issue().map(|made| drop(black_box(made)))));
    outcome.map(|()| duration)
}

/// A comparison with something that does less would flatter no one but should not happen by accident either.
fn same_kind_of_certificate(
    raw: &RawAuthority,
    authority: &Authority,
    spec: &LeafSpec,
    now: OffsetDateTime,
) -> Result<()> {
    let (raw, _) = raw.issue(spec, now)?;
    let ours = authority.issue(spec, now)?;
    let raw = zone_pki::Certificate::from_der(&raw)?;
    let ours = ours.certificate();
    let same = raw.names() == ours.names()
        && raw.usages() == ours.usages()
        && raw.subject() == ours.subject()
        && raw.der().len().abs_diff(ours.der().len()) <= 16;
    if same { Ok(()) } else { Err("rcgen alone and zone_pki make different certificates".into()) }
}

/// A peer certificate, the one with the most in it.
fn leaf() -> Result<LeafSpec> {
    let mut names = SubjectAltNames::new();
    for name in ["node1.bench.internal", "node1", "localhost"] {
        names.insert_dns(name)?;
    }
    names.insert_ip(Ipv4Addr::new(10, 0, 0, 1).into());
    names.insert_ip(Ipv4Addr::LOCALHOST.into());
    Ok(LeafSpec {
        subject: subject("node1.bench.internal"),
        names,
        usages: Usages::BOTH,
        validity: Duration::days(365),
        key: KeyAlgorithm::P256,
    })
}

fn authority_spec() -> AuthoritySpec {
    AuthoritySpec {
        subject: subject("bench CA"),
        path_length: 0,
        permitted_dns: Vec::new(),
        validity: Duration::days(3650),
        key: KeyAlgorithm::P256,
    }
}

fn subject(common_name: &str) -> Subject {
    Subject { organization: Some("bench".to_owned()), ..Subject::with_common_name(common_name) }
}
