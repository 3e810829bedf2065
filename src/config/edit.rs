//! One value of a `zone.toml` changed, with everything else as its owner wrote it.

use toml::de::{DeTable, DeValue};

use super::etcd_version::EtcdVersion;

/// The text with this version in `[etcd]`: in the place of the one that is written, or added. None if the text is not one in which
/// that place can be found.
pub fn with_etcd_version(text: &str, version: EtcdVersion) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let line = format!("version = \"{version}\"\n");
    let Some(etcd) = document.get_ref().get("etcd") else {
        let break_before = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{text}{break_before}\n[etcd]\n{line}"));
    };
    let DeValue::Table(table) = etcd.get_ref() else { return None };
    if let Some(written) = table.get("version") {
        let span = written.span();
        return Some(format!("{}\"{version}\"{}", text.get(..span.start)?, text.get(span.end..)?));
    }
    // The header of the table alone: `[etcd.flags]` and `etcd = {}` have no place for a line below it.
    let mut at = 0;
    for each in text.split_inclusive('\n') {
        at += each.len();
        if each.split('#').next().is_some_and(|head| head.trim() == "[etcd]") {
            let break_before = if each.ends_with('\n') { "" } else { "\n" };
            return Some(format!("{}{break_before}{line}{}", text.get(..at)?, text.get(at..)?));
        }
    }
    None
}
