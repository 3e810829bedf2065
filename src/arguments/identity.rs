//! Where the private key that opens a bundle comes from: a file, a file descriptor, or a systemd credential.
//!
//! A member's user may not read the key of its host, which is root's. So root opens it, and hands it on.

use std::fs::File;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};
use zone_pki::{
    ShowPath,
    private_file::{self, PrivateFileError},
};

use crate::cli::BundleSealArgs;
use host::passphrase::{credential, descriptor};
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted_path;
use store::bundle::{Identity, IdentityError, identity_failure};
use store::zone_directory::private_failure;

const OPTION: &str = "--identity-fd";
const CREDENTIAL: &str = "zone-etcd.bundle-identity";

/// Where it comes from. Nothing of it is read yet.
pub(super) enum IdentitySource {
    File(PathBuf),
    Descriptor(RawFd, File),
    Credential(PathBuf),
}

impl IdentitySource {
    /// What was named, else the credential if this unit has it and nothing else opens the bundle. A file
    /// descriptor is taken over at once, so that no other process inherits it. `command` is the one to
    /// propose.
    pub fn new(seal: &BundleSealArgs, is_passphrase_named: bool) -> Result<Option<Self>> {
        Ok(match (&seal.identity, seal.identity_fd) {
            (Some(path), _) if path == Path::new("-") => return Err(no_standard_input()),
            (Some(path), _) => Some(Self::File(path.clone())),
            (None, Some(number)) => {
                let otherwise = format!("give a file: {OPTION} 3 3< FILE");
                let file = descriptor::take(number).map_err(|error| {
                    descriptor::failure("the private key", OPTION, number, &otherwise, &error)
                })?;
                Some(Self::Descriptor(number, file))
            }
            (None, None) if is_passphrase_named => None,
            (None, None) => credential(CREDENTIAL).map(Self::Credential),
        })
    }

    /// Reads it, once. `command` is what to type again if this user may not.
    pub fn read(self, command: &str) -> Result<Identity> {
        let name = self.name();
        let (bytes, path) = match self {
            Self::File(path) => (private_file::read(&path), Some(path)),
            // Its mode is systemd's matter: an access list for the unit's user shows as rights of the group.
            Self::Credential(path) => {
                let opened = File::open(&path).map_err(PrivateFileError::from);
                (opened.and_then(private_file::read_open), Some(path))
            }
            Self::Descriptor(_, file) => (private_file::read_open(file), None),
        };
        let bytes = bytes.map_err(|error| unreadable(&name, path.as_deref(), command, error))?;
        Identity::from_file(&bytes).map_err(|error| identity_failure(&name, path.as_deref(), &error))
    }

    fn name(&self) -> String {
        match self {
            Self::File(path) | Self::Credential(path) => path.shown().to_string(),
            Self::Descriptor(number, _) => format!("file descriptor {number}"),
        }
    }
}

/// The private key in a file, where it is read by root before that is given up.
pub fn identity_of_file(path: &Path) -> Result<Identity> {
    let name = path.shown().to_string();
    let bytes = private_file::read(path).map_err(|error| match unreadable(&name, Some(path), "", error) {
        // There is no descriptor here that it could come by.
        failure if failure.next.as_ref().is_some_and(|next| next.contains(OPTION)) => {
            failure.next("run the command as root, or as the user who may read it")
        }
        failure => failure,
    })?;
    Identity::from_file(&bytes).map_err(|error| identity_failure(&name, Some(path), &error))
}

fn no_standard_input() -> Failure {
    Failure::new(Exit::Usage, "a private key is not read from standard input by --identity -")
        .next(format!("hand it over by a file descriptor: {OPTION} 0, or {OPTION} 3 3< FILE"))
}

fn unreadable(name: &str, path: Option<&Path>, command: &str, error: PrivateFileError) -> Failure {
    let Some(path) = path else { return of_no_use(name, path, error) };
    match error {
        PrivateFileError::NotFound => Failure::new(Exit::MissingInput, format!("cannot read {name}"))
            .because(&error)
            .next("check the path"),
        PrivateFileError::Owner { .. } => another_users(path, command, &error),
        PrivateFileError::Io(ref system) if system.kind() == std::io::ErrorKind::PermissionDenied => {
            another_users(path, command, &error)
        }
        PrivateFileError::Mode { .. } => private_failure(path, &error),
        error => of_no_use(name, Some(path), error),
    }
}

fn of_no_use(name: &str, path: Option<&Path>, error: PrivateFileError) -> Failure {
    let error = match error {
        PrivateFileError::Empty => IdentityError::Empty,
        error => IdentityError::NoKeyFile(error),
    };
    identity_failure(name, path, &error)
}

/// A key that its owner alone may read is to stay so.
fn another_users(path: &Path, command: &str, error: &PrivateFileError) -> Failure {
    let shown = shell_quoted_path(path);
    let user = User::from_uid(geteuid()).ok().flatten().map_or_else(|| "USER".to_owned(), |user| user.name);
    Failure::new(Exit::Permission, format!("cannot use {}", path.shown())).because(error).next(format!(
        "have the user who may read it open it, as root: runuser -u {user} -- {command} {OPTION} 3 3<{shown}"
    ))
}
