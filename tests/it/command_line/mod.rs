//! The commands: what they take, what they print, what they leave on disk.

mod check;
mod completion;
mod core_dumps;
mod environment;
mod expired;
mod explain;
mod generations;
mod grants;
mod init;
mod issuance_log;
mod issue;
mod list;
mod machine_list;
mod man;
mod output;
mod reissue;
mod status;
mod usage;
mod version;

use std::collections::BTreeMap;
use std::path::Path;

use zone_pki::Certificate;

use crate::harness::TestZone;

/// The files of the generation in use, by name.
fn files(zone: &TestZone, generations: &str) -> BTreeMap<String, Vec<u8>> {
    let directory = zone.file(generations).join("current");
    let entries = std::fs::read_dir(&directory).expect("a generation in use");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let bytes = std::fs::read(entry.path()).expect("a file");
            (entry.file_name().into_string().expect("UTF-8"), bytes)
        })
        .collect()
}

/// The first certificate in a file.
fn certificate(path: &Path) -> Certificate {
    Certificate::from_pem(&std::fs::read(path).expect("a file")).expect("a certificate")
}

/// What a command with `--format json` printed.
pub(crate) fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}
