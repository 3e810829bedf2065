//! Whether the etcd that a bundle brings can be run on this node, and is what its manifest and the zone say:
//! tried where it was written aside, before anything is switched. Who may write there runs it, since the
//! directory is that user's or root's.

use zone_pki::ShowPath;

use super::description::Described;
use super::programs::Programs;
use etcd::{BinaryError, reported_version, version_by_manifest};
use host::runs_no_programs;
use model::config::EtcdVersion;
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted;

/// The last cause of each refusal.
const UNCHANGED: &str = "nothing was switched, and no program was installed";

/// Refuses programs that a start here could not run. `name` is what the bundle is called in messages.
pub(super) fn check(programs: &Programs, described: &Described, name: &str) -> Result<()> {
    let brought = programs.etcd();
    let asked_for = described.zone.etcd.version;
    for etcd in &brought {
        if runs_no_programs(&etcd.directory) {
            return Err(no_programs_there(programs, name));
        }
        let by_manifest = version_by_manifest(&etcd.directory, "etcd", &etcd.sha256)
            .map_err(|error| unusable(name, etcd.version, &error))?;
        if by_manifest != etcd.version.to_string() {
            return Err(other(name, etcd.version, format!("its manifest is that of {by_manifest}")));
        }
        let reported = reported_version(&etcd.directory.join("etcd"))
            .map_err(|error| unusable(name, etcd.version, &error))?;
        if reported != etcd.version {
            return Err(other(name, etcd.version, format!("it reports version {reported}")));
        }
    }
    match asked_for {
        Some(version) if !brought.is_empty() && brought.iter().all(|etcd| etcd.version != version) => {
            Err(other(name, version, "it brings another version".to_owned()))
        }
        _ => Ok(()),
    }
}

fn other(name: &str, version: EtcdVersion, why: String) -> Failure {
    Failure::bad_input(format!("the etcd {version} in {name} is not that version"))
        .because(why)
        .because(UNCHANGED)
        .next(bundle_again())
}

fn unusable(name: &str, version: EtcdVersion, error: &BinaryError) -> Failure {
    let why = match error {
        BinaryError::DidNotAnswer { reason, .. } => reason.clone(),
        other => other.to_string(),
    };
    Failure::bad_input(format!("the etcd {version} in {name} does not run on this node"))
        .because(why)
        .because(UNCHANGED)
        .next(bundle_again())
}

fn bundle_again() -> String {
    "on the signing host, make a bundle with an etcd that is made for this machine: zone-etcd bundle \
     --with-binaries --out DIR --passphrase-file FILE; or install etcd here, and activate a bundle without \
     programs"
        .to_owned()
}

fn no_programs_there(programs: &Programs, name: &str) -> Failure {
    let root = shell_quoted(&programs.root().shown().to_string());
    let what = format!("no program runs in {}, and {name} brings etcd there", programs.root().shown());
    Failure::new(Exit::Permission, what).because("its file system is mounted noexec").because(UNCHANGED).next(
        format!(
            "mount -o remount,exec \"$(findmnt -no TARGET -T {root})\", also in /etc/fstab; or install \
             zone-etcd and etcd elsewhere on this machine, and activate a bundle without programs"
        ),
    )
}
