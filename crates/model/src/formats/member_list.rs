//! `member-list.json`: the members that a node was told of, kept for as long as its local config has no list.
//! How it is read is in [`MemberList`].

use serde::Serialize;

use super::LocalMembers;
use crate::config::MemberList;

#[derive(Serialize)]
struct Written<'l> {
    format: u32,
    source: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'l str>,
    node: &'l str,
    etcd: LocalMembers,
}

/// The text of the file.
///
/// # Errors
/// JSON cannot be made.
pub fn encode_member_list(list: &MemberList) -> serde_json::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(&Written {
        format: MemberList::FORMAT,
        source: &list.source,
        token: list.token.as_deref(),
        node: list.own.full(),
        etcd: LocalMembers::of_nodes(&list.members),
    })?;
    text.push(b'\n');
    Ok(text)
}
