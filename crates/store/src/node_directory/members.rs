//! The members of a node whose local config has no list: found elsewhere at its first start, and kept.

use std::io;
use std::path::Path;

use zone_pki::{ShowPath, regular_file};

use crate::zone_directory::config_failure;
use host::{Durability, write_private};
use model::config::{BootConfig, LocalConfig, MemberList, NodeName, Problem, ZoneConfigError};
use model::error::{Exit, Failure, Result};
use model::formats::encode_member_list;
use model::plan::NodePaths;
use model::report::shell_quoted_path as quoted;

/// In bytes.
const SIZE_AT_MOST: u64 = 1 << 20;

/// How a node without a list comes to one: the list that it has kept, or one that is asked for.
pub type Members<'m> = &'m dyn Fn(&LocalConfig, &Place<'_>) -> Result<(MemberList, Vec<Problem>)>;

/// Where a local config lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The file, absolute.
    pub file: &'p Path,
    /// The directory that it is in.
    pub paths: &'p NodePaths,
}

/// The list that a node has kept; none if it never had one.
///
/// # Errors
/// It cannot be read, is damaged, or is that of another node.
pub fn kept_members(local: &LocalConfig, paths: &NodePaths) -> Result<Option<(MemberList, Vec<Problem>)>> {
    let path = paths.member_list();
    let text = match regular_file::read_at_most(&path, SIZE_AT_MOST) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::read(&path, &error)),
    };
    let parsed = MemberList::parse(&String::from_utf8_lossy(&text));
    let (list, warnings) = parsed
        .map_err(|problems| config_failure(ZoneConfigError::Problems { path: path.clone(), problems }))?;
    if is_of(&list, local) { Ok(Some((list, warnings))) } else { Err(of_another(&list, local, &path)) }
}

/// Whether a list was kept by this node. SRV records may call its member by another name, and then none by
/// that of the node.
fn is_of(list: &MemberList, local: &LocalConfig) -> bool {
    let is_own = |name: &NodeName| name.full().eq_ignore_ascii_case(local.name.as_str());
    list.zone == local.zone_name
        && (is_own(&list.own) || !list.members.iter().any(|member| is_own(&member.name)))
}

fn of_another(list: &MemberList, local: &LocalConfig, path: &Path) -> Failure {
    Failure::new(Exit::BadInput, format!("{} is the list of another node", path.shown()))
        .because(format!("it was kept by {}, and this node is {}", list.own.full(), local.name.as_str()))
        .next("put the list of this node there; or remove the file, and the members are asked for again")
}

/// Keeps a list for the starts to come. The one before is replaced in one step.
///
/// # Errors
/// It cannot be written.
pub fn keep_members(paths: &NodePaths, list: &MemberList) -> Result<()> {
    let text = encode_member_list(list)
        .map_err(|error| Failure::internal("the list of members is no JSON").because(&error))?;
    keep(&paths.member_list(), &text)
}

/// Writes a private file of a node in one step.
///
/// # Errors
/// It cannot be written.
pub fn keep(path: &Path, text: &[u8]) -> Result<()> {
    write_private(path, text, Durability::Synced).map_err(|error| Failure::write(path, &error))
}

/// For commands that need the members and do not look for them.
pub(super) fn kept(local: &LocalConfig, place: &Place<'_>) -> Result<(MemberList, Vec<Problem>)> {
    match kept_members(local, place.paths)? {
        Some(kept) => Ok(kept),
        None => Err(no_list(place)),
    }
}

/// There is no list, and maybe a place to ask for one.
pub fn no_list(place: &Place<'_>) -> Failure {
    let file = place.file;
    let failure = Failure::new(Exit::MissingInput, format!("{} has no list of members", file.shown()));
    let boot = place.paths.boot_config();
    match BootConfig::load(&boot) {
        Ok((config, _)) if config.source().is_some() => failure
            .because(format!("the list comes from where {} says, which was not asked yet", boot.shown()))
            .next(format!("ask, and start the member: zone-etcd run --config {}", quoted(file))),
        Ok(_) => failure
            .because(
                "without `etcd` the list comes from the nameservice, from DNS or from a discovery service",
            )
            .next(format!(
                "write the members into it: \"etcd\": [{{\"node_name\": \"node1.example.zone\", \"address\": \
                 \"10.0.1.10\"}}], or where they come from into {}",
                boot.shown()
            )),
        Err(error) => config_failure(error),
    }
}
