//! Zone descriptions that are valid, made at random.

use proptest::prelude::*;

/// A node as it is written into a description.
#[derive(Clone, Debug)]
pub struct WrittenNode {
    name: String,
    address: Option<String>,
    member: bool,
    translated: bool,
}

fn label() -> impl Strategy<Value = String> {
    "[a-z]([a-z0-9-]{0,8}[a-z0-9])?"
}

fn address(index: usize) -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        (1..=250_u8).prop_map(move |last| Some(format!("10.0.{index}.{last}"))),
        (1..=0xffff_u16).prop_map(move |last| Some(format!("fd00:{index:x}::{last:x}"))),
        (1..=0xffff_u16).prop_map(move |last| Some(format!("[fd00:{index:x}:0::{last:X}]"))),
        label().prop_map(move |name| Some(format!("{name}{index}.Example.Org"))),
    ]
}

/// Nodes with names and addresses of their own, in any order, at least one of them a member.
pub fn nodes() -> impl Strategy<Value = Vec<WrittenNode>> {
    let one = |index: usize| {
        (label(), address(index), prop::bool::weighted(0.8), any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(move |(name, address, member, translated, full, upper)| {
                // The number keeps names apart.
                let name =
                    if full { format!("{name}{index}.example.zone") } else { format!("{name}{index}") };
                let name = if upper { name.to_uppercase() } else { name };
                WrittenNode { name, address, member: member || index == 0, translated }
            })
    };
    (1..=9_usize).prop_flat_map(move |count| (0..count).map(one).collect::<Vec<_>>()).prop_shuffle()
}

/// The description with these nodes.
pub fn description(nodes: &[WrittenNode]) -> String {
    let mut text = String::from("[zone]\nname = \"example.zone\"\n");
    for WrittenNode { name, address, member, translated } in nodes {
        text += &format!("\n[[node]]\nname = \"{name}\"\nmember = {member}\nnat = {translated}\n");
        if let Some(address) = address {
            text += &format!("address = \"{address}\"\n");
        }
    }
    text
}
