//! The name constraints that Go reads: `parseNameConstraintsExtension`.

use std::net::IpAddr;

use super::der::{Der, SEQUENCE, constructed};
use super::extensions::address;
use super::{Rule, text};

/// The name constraints of a CA.
#[derive(Debug, Default)]
pub(super) struct NameConstraints<'d> {
    pub(super) permitted: Subtrees<'d>,
    pub(super) excluded: Subtrees<'d>,
    /// Whether Go knows every kind of name in it.
    pub(super) is_handled: bool,
}

/// Names with all below them.
#[derive(Debug, Default)]
pub(super) struct Subtrees<'d> {
    pub(super) dns: Vec<&'d str>,
    pub(super) mailboxes: Vec<&'d str>,
    /// Each with its mask.
    pub(super) addresses: Vec<(IpAddr, IpAddr)>,
    pub(super) uris: Vec<&'d str>,
}

const SOURCE: &str = "parseNameConstraintsExtension; RFC 5280, 4.2.1.10";

fn refused(what: impl Into<String>) -> Rule {
    Rule::new(
        what,
        SOURCE,
        "have the CA's certificate issued again with name constraints that are sound, or without them",
    )
}

pub(super) fn read(mut value: Der<'_>) -> Result<NameConstraints<'_>, Rule> {
    let parts = value.take(SEQUENCE).filter(|_| value.is_empty()).and_then(|mut inside| {
        let permitted = inside.optional(constructed(0))?;
        let excluded = inside.optional(constructed(1))?;
        inside.is_empty().then_some((permitted, excluded))
    });
    let (permitted, excluded) = parts.ok_or_else(|| refused("has name constraints that cannot be read"))?;
    let list = |subtrees: Option<Der<'_>>| subtrees.is_some_and(|subtrees| !subtrees.is_empty());
    if !list(permitted) && !list(excluded) {
        return Err(refused("has empty name constraints"));
    }
    let mut constraints = NameConstraints { is_handled: true, ..NameConstraints::default() };
    constraints.permitted = subtrees(permitted, &mut constraints.is_handled)?;
    constraints.excluded = subtrees(excluded, &mut constraints.is_handled)?;
    Ok(constraints)
}

fn subtrees<'d>(list: Option<Der<'d>>, is_handled: &mut bool) -> Result<Subtrees<'d>, Rule> {
    let mut subtrees = Subtrees::default();
    let Some(mut list) = list else { return Ok(subtrees) };
    while !list.is_empty() {
        let base = list.take(SEQUENCE).and_then(|mut subtree| subtree.any());
        let (tag, bytes) = base.ok_or_else(|| refused("has name constraints that cannot be read"))?;
        let domain = |kind: &str, is_sound: fn(&str) -> bool| {
            let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii() && is_sound(text));
            text.ok_or_else(|| refused(format!("has a name constraint on {kind} that is not a domain")))
        };
        match tag {
            0x81 => subtrees.mailboxes.push(domain("mailboxes", |name| match name.contains('@') {
                true => text::mailbox(name).is_some(),
                false => text::is_domain(name, true),
            })?),
            0x82 => subtrees.dns.push(domain("DNS names", |name| text::is_domain(name, true))?),
            0x86 => subtrees
                .uris
                .push(domain("URIs", |name| name.parse::<IpAddr>().is_err() && text::is_domain(name, true))?),
            0x87 => {
                let (base, mask) = bytes.split_at(bytes.len() / 2);
                let subnet = address(base).zip(address(mask).filter(|_| is_mask(mask)));
                subtrees.addresses.push(subnet.ok_or_else(|| {
                    refused("has a name constraint on addresses that is not an address with a mask")
                })?);
            }
            _ => *is_handled = false,
        }
    }
    Ok(subtrees)
}

/// `isValidIPMask`: ones, and nothing but zeros behind them.
fn is_mask(mask: &[u8]) -> bool {
    let ones: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let leading = mask.iter().take_while(|byte| **byte == 0xff).count();
    let rest = mask.get(leading).map_or(0, |byte| byte.leading_ones());
    u32::try_from(leading).is_ok_and(|leading| leading * 8 + rest == ones)
}
