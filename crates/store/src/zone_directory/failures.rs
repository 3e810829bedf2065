//! What to say, and to do, when a file of the zone directory is not as it has to be.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use time::OffsetDateTime;
use zone_pki::private_file::PrivateFileError;
use zone_pki::{CertificateError, DecryptError, Fault, LoadError, ShowPath, instant};

use host::step_as_owner;
use model::config::ZoneConfigError;
use model::error::{Exit, Failure};
use model::plan::{LOCAL_CONFIG, ZonePaths};
use model::report::{shell_quoted, shell_quoted_path};

/// So many entries of a directory are looked at for a zone that is meant.
const LOOKED_AT: usize = 1000;

/// A CA that is not valid now. None if it breaks another rule.
pub(in crate::zone_directory) fn validity_failure(
    path: &Path,
    fault: &Fault,
    now: OffsetDateTime,
) -> Option<Failure> {
    let failure = match fault {
        Fault::NotYetValid(begin) => Failure::bad_input(format!("{} is not valid yet", path.shown()))
            .because(format!(
                "it is valid from {}, and this machine's clock says {}",
                instant(*begin),
                instant(now)
            ))
            .next("set this machine's clock; if the clock is right, wait, or use a CA that is valid now"),
        Fault::Expired(end) => Failure::bad_input(format!("{} has expired", path.shown()))
            .because(format!("it was valid until {}", instant(*end)))
            .next(
                "check this machine's clock; if it is right, the zone needs a new CA: \
                 zone-etcd explain expired",
            ),
        _ => return None,
    };
    Some(failure)
}

/// A CA file without a usable certificate.
pub(in crate::zone_directory) fn certificate_failure(
    certificate: &Path,
    key: &Path,
    error: &CertificateError,
) -> Failure {
    let failure =
        Failure::bad_input(format!("{} holds no usable certificate", certificate.shown())).because(error);
    match error {
        CertificateError::PrivateKey => {
            failure.next(format!("{} and {} seem to be swapped", certificate.shown(), key.shown()))
        }
        _ => failure.next("put the file back from your copy of the zone directory"),
    }
}

/// A CA that cannot sign.
pub(in crate::zone_directory) fn load_failure(
    certificate: &Path,
    key: &Path,
    error: &LoadError,
    now: OffsetDateTime,
) -> Failure {
    let failure = Failure::bad_input(format!("the CA {} cannot sign", certificate.shown())).because(error);
    match error {
        LoadError::Unfit(fault) => validity_failure(certificate, fault, now).unwrap_or_else(|| {
            failure.next("put the CA's own certificate back from your copy of the zone directory")
        }),
        LoadError::Certificate(error) => certificate_failure(certificate, key, error),
        LoadError::Key(error) => Failure::bad_input(format!("{} holds no usable key", key.shown()))
            .because(error)
            .next("put the CA's key back from your copy of the zone directory"),
        _ => failure.next(format!("check that {} is the key of that certificate", key.shown())),
    }
}

/// A CA's key that was not opened.
pub(in crate::zone_directory) fn locked_key_failure(path: &Path, error: &DecryptError) -> Failure {
    let shown = path.shown();
    match error {
        DecryptError::Passphrase => Failure::new(Exit::Permission, format!("{shown} was not opened"))
            .because(error)
            .next("run the command again with the right passphrase: --ca-passphrase-file FILE"),
        DecryptError::Unsupported { .. } | DecryptError::Cost { .. } => {
            Failure::bad_input(format!("{shown} cannot be opened")).because(error).next(format!(
                "encrypt it in another way: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {0} -out {0}.new",
                model::report::shell_quoted_path(path)
            ))
        }
        DecryptError::Damaged { .. } | DecryptError::Key(_) => {
            Failure::bad_input(format!("{shown} holds no usable key"))
                .because(error)
                .next("put the CA's key back from your copy of the zone directory")
        }
    }
}

/// The failure of a private file or directory of the zone directory, of which the operator has a copy.
pub(in crate::zone_directory) fn private_zone_failure(path: &Path, error: &PrivateFileError) -> Failure {
    let failure = private_failure(path, error);
    match error {
        PrivateFileError::NotFound | PrivateFileError::Empty => {
            failure.next("put the file back from your copy of the zone directory")
        }
        PrivateFileError::Kind { .. } | PrivateFileError::TooLarge { .. } | PrivateFileError::Exists => {
            failure.next("move it away, and put the file back from your copy of the zone directory")
        }
        _ => failure,
    }
}

/// The failure of a private file or directory, with the command that fixes its mode.
pub fn private_failure(path: &Path, error: &PrivateFileError) -> Failure {
    let shown = path.shown();
    match error {
        PrivateFileError::NotFound => Failure::new(Exit::MissingInput, format!("cannot read {shown}"))
            .because("it is not there")
            .next("check the path, or put it there"),
        PrivateFileError::Mode { mode } => {
            let failure = Failure::new(Exit::Permission, format!("others can use {shown}"))
                .because(format!("its mode is {:04o}", mode & 0o7777));
            let right = if path.is_dir() { "700" } else { "600" };
            let step = format!("chmod {right} {}", shell_quoted(&shown.to_string()));
            failure.next(if is_empty_directory(path) {
                step
            } else {
                format!("if no other user has read it: {step}")
            })
        }
        PrivateFileError::Owner { uid } => {
            Failure::new(Exit::Permission, format!("{shown} belongs to another user"))
                .because(format!(
                    "its owner is user {uid}, this program runs as user {}",
                    nix::unistd::geteuid()
                ))
                .next(step_as_owner(*uid, path))
        }
        PrivateFileError::Empty => {
            Failure::bad_input(format!("{shown} is empty")).next("put its content back, or name another")
        }
        PrivateFileError::Io(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => Failure::write(path, error),
            _ => Failure::read(path, error),
        },
        other => Failure::bad_input(format!("cannot use {shown}"))
            .because(other)
            .next("move it away, or name another"),
    }
}

/// What is in it, others may have read; nothing is in this one.
fn is_empty_directory(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// A log of issued certificates that cannot be read or written.
pub(in crate::zone_directory) fn issuance_log_failure(
    paths: &ZonePaths,
    error: &zone_pki::LogError,
) -> Failure {
    log_failure(&paths.issuance_log(), error, "what was to be issued now is not in use")
}

/// A log of the zone that cannot be read or written. `unharmed` says what has not happened.
pub fn log_failure(path: &Path, error: &zone_pki::LogError, unharmed: &str) -> Failure {
    match error {
        zone_pki::LogError::File(error) => private_zone_failure(path, error),
        error => Failure::write_chain(format!("cannot use {}", path.shown()), error, unharmed),
    }
}

/// Of a directory in which a zone should be.
pub(super) fn zone_failure(paths: &ZonePaths, error: ZoneConfigError) -> Failure {
    let is_absent = match &error {
        ZoneConfigError::Read { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    };
    let failure = config_failure(error);
    if !is_absent {
        return failure;
    }
    if paths.root().join(LOCAL_CONFIG).exists() {
        return failure
            .because("a node.json is there: it is the directory of a node")
            .next("run the command where the zone directory is, and name that with --zone");
    }
    if let Some(near) = nearby(paths) {
        let zone = shell_quoted_path(&near);
        return failure.next(format!("a zone is in {}: run the command with --zone {zone}", near.shown()));
    }
    failure.next(format!(
        "name the zone's directory with --zone; or make a zone: \
         zone-etcd init --zone {} --name example.zone --node node1=10.0.1.10",
        shell_quoted_path(paths.root())
    ))
}

/// The one zone directory above or directly below this, of the same user: what runs there is chosen by who
/// wrote its description.
fn nearby(paths: &ZonePaths) -> Option<PathBuf> {
    let (root, description) = (paths.root(), paths.config());
    let description = description.file_name()?;
    let is_own = |found: &Metadata| found.is_file() && found.uid() == geteuid().as_raw();
    let is_zone =
        |directory: &Path| directory.join(description).symlink_metadata().is_ok_and(|it| is_own(&it));
    if let Some(above) = root.ancestors().skip(1).find(|above| is_zone(above)) {
        return Some(above.to_owned());
    }
    let entries = std::fs::read_dir(root).ok()?.take(LOOKED_AT).flatten();
    let mut below = entries.map(|entry| entry.path()).filter(|path| is_zone(path));
    below.next().filter(|_| below.next().is_none())
}

/// A description of a zone that cannot be used.
pub fn config_failure(error: ZoneConfigError) -> Failure {
    match error {
        ZoneConfigError::Read { path, source } => {
            let is_missing = source.kind() == std::io::ErrorKind::NotFound;
            let failure = Failure::read(&path, &source);
            match is_missing && path.file_name().is_some_and(|name| name == LOCAL_CONFIG) {
                true => failure.next(
                    "a bundle brings it: zone-etcd activate FILE; if it is elsewhere: name it with --config",
                ),
                false => failure,
            }
        }
        ZoneConfigError::Problems { problems, path } => {
            let file = path.shown().to_string();
            let errors =
                problems.iter().filter(|problem| problem.severity == model::config::Severity::Error).count();
            let count = if errors == 1 { "a problem".to_owned() } else { format!("{errors} problems") };
            let mut failure = Failure::new(Exit::Configuration, format!("{file} has {count}"));
            failure.causes = problems.iter().map(|problem| problem.render(&file)).collect();
            failure.next(format!("correct {}, nothing was changed", if errors == 1 { "it" } else { "them" }))
        }
    }
}
