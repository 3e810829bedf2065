//! Programs that stand in for etcd, and the program itself for another user.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};

use super::NOBODY;
use crate::harness::program;
use crate::harness::programs::{copy_program, write_program};

/// A script that answers `--version` and the question about flags as etcd does, and otherwise writes down its
/// arguments and ends.
pub struct StandIn {
    /// The script.
    pub path: PathBuf,
}

impl StandIn {
    /// A stand-in below `directory` that says it is etcd of this version.
    pub fn new(directory: &Path, version: &str) -> Self {
        let path = directory.join("stand-in");
        write_program(&path, script(version, ""));
        Self { path }
    }

    /// The arguments of the last start, or none if there was no start.
    pub fn arguments(&self) -> Option<Vec<String>> {
        read_lines(&self.path.with_extension("arguments"))
    }

    /// How often it was asked for its version.
    pub fn times_asked(&self) -> usize {
        read_lines(&self.path.with_extension("asked")).map_or(0, |lines| lines.len())
    }

    /// How often it was asked what it thinks of flags.
    pub fn times_flags_were_judged(&self) -> usize {
        read_lines(&self.path.with_extension("judged")).map_or(0, |lines| lines.len())
    }

    /// Its path as an argument.
    pub fn as_argument(&self) -> &str {
        self.path.to_str().expect("a path in UTF-8")
    }
}

/// A bundle whose etcd is a stand-in, with the manifest that `scripts/bundle-etcd` would have written.
pub struct FakeBundle {
    /// The bundle's directory.
    pub directory: PathBuf,
}

impl FakeBundle {
    /// A bundle of this version below `directory`.
    pub fn new(directory: &Path, version: &str) -> Self {
        let bundle = Self { directory: directory.join("bundle") };
        std::fs::create_dir(&bundle.directory).expect("the bundle's directory");
        let text = script(version, "as it was bundled");
        write_program(&bundle.etcd(), &text);
        bundle.write_manifest(1, version, &text);
        bundle
    }

    /// Writes the manifest for an etcd of this content.
    pub fn write_manifest(&self, format: u32, version: &str, text: &str) {
        let sha256 = zone_pki::hex::encode(digest(&SHA256, text.as_bytes()).as_ref());
        let size = text.len();
        let manifest = serde_json::json!({
            "format": format, "version": version, "source": "a test",
            "files": { "etcd": { "sha256": sha256, "size": size } },
        });
        std::fs::write(self.manifest(), manifest.to_string()).expect("the manifest");
    }

    /// Its etcd.
    pub fn etcd(&self) -> PathBuf {
        self.directory.join("etcd")
    }

    /// Its manifest.
    pub fn manifest(&self) -> PathBuf {
        self.directory.join("manifest.json")
    }

    /// Its etcd as an argument.
    pub fn as_argument(&self) -> String {
        self.etcd().display().to_string()
    }
}

/// A copy of the program in a place that every user can reach.
pub fn install_program(place: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(place, PermissionsExt::from_mode(0o755)).expect("others may enter");
    let copy = place.join("zone-etcd");
    copy_program(&program(), &copy);
    copy
}

/// A call of the program by a user who owns nothing, from a copy of it that this user can reach.
pub fn use_as_nobody(place: &Path, arguments: &[&str], zone: &Path) -> Command {
    let mut command = Command::new(install_program(place));
    command.args(arguments).arg("--zone").arg(zone).uid(NOBODY).gid(NOBODY).env("NO_COLOR", "1");
    command.env_remove("ZONE_ETCD_ZONE").env_remove("ZONE_ETCD_CONFIG").current_dir("/");
    command
}

/// The text of a stand-in.
pub(super) fn script(version: &str, comment: &str) -> String {
    format!(
        "#!/bin/sh\n# {comment}\nif [ \"$*\" = --version ]; then\n    echo asked >>\"$0.asked\"\n    \
         echo 'etcd Version: {version}'\n    exit\nfi\ncase \"$*\" in\n*/dev/null/zone-etcd*)\n    \
         echo judged >>\"$0.judged\"\n    echo 'remove /dev/null/zone-etcd: not a directory' >&2\n    \
         exit 1\nesac\nprintf '%s\\n' \"$@\" >\"$0.arguments\"\n"
    )
}

fn read_lines(path: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}
