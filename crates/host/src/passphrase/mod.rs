//! Passphrases: where one comes from, and what keeps it out of sight. None is ever an argument or an
//! environment variable.

pub mod descriptor;
mod prompt;
mod reader;

pub use prompt::TRIES;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;
use zone_pki::ShowPath;

use model::error::{Failure, Result};

/// How many bytes a passphrase may have. What is longer is most likely another file.
const LIMIT: usize = 4096;

/// Where systemd puts the credentials of a unit (systemd.exec(5), `LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// A passphrase: never empty, never printed, wiped when dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase in the clear.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase(..)")
    }
}

/// What a passphrase is for, and by which names it is given.
#[derive(Clone, Copy, Debug)]
pub struct PassphrasePurpose {
    /// What it opens, for prompts and messages, such as `the CA keys`.
    pub what: &'static str,
    /// The option that names a file, such as `--ca-passphrase-file`.
    pub file_option: &'static str,
    /// The option that names a file descriptor, such as `--ca-passphrase-fd`.
    pub descriptor_option: &'static str,
    /// The systemd credential, such as `zone-etcd.ca-passphrase`.
    pub credential: &'static str,
}

/// Where one passphrase comes from. Nothing is read or asked for before it is needed.
#[derive(Debug)]
pub struct PassphraseSource {
    purpose: PassphrasePurpose,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    /// Taken once: what is read from a pipe is gone.
    Descriptor(RawFd, Mutex<Option<File>>),
    Credential(PathBuf),
    Terminal,
}

impl PassphraseSource {
    /// The file or the file descriptor that was named, else the systemd credential if this unit has it, else
    /// the terminal.
    ///
    /// A file descriptor is taken over at once, so that no other process inherits it: make the source before
    /// anything else is opened.
    pub fn new(purpose: PassphrasePurpose, file: Option<&Path>, descriptor: Option<RawFd>) -> Result<Self> {
        let place = match (file, descriptor) {
            (Some(file), _) => Place::File(file.to_owned()),
            (None, Some(number)) => {
                let file =
                    descriptor::take(number).map_err(|error| taken_failure(&purpose, number, &error))?;
                Place::Descriptor(number, Mutex::new(Some(file)))
            }
            (None, None) => credential(purpose.credential).map_or(Place::Terminal, Place::Credential),
        };
        Ok(Self { purpose, place })
    }

    /// Whether a person would be asked: only then does another try make sense.
    pub fn asks(&self) -> bool {
        matches!(self.place, Place::Terminal)
    }

    /// What to do about a passphrase that is not the right one.
    pub fn after_a_wrong_one(&self) -> String {
        let file_option = self.purpose.file_option;
        match &self.place {
            Place::File(path) => {
                format!("check that {} holds the passphrase alone, in its first line", path.shown())
            }
            Place::Descriptor(number, _) => {
                format!(
                    "check that the first line that comes from file descriptor {number} is the passphrase \
                     alone"
                )
            }
            Place::Credential(_) => format!(
                "check that the credential {} holds the passphrase alone, in its first line",
                self.purpose.credential
            ),
            Place::Terminal => {
                format!("run the command again with the right one, or give it in a file: {file_option} FILE")
            }
        }
    }

    pub fn purpose(&self) -> &PassphrasePurpose {
        &self.purpose
    }

    /// The passphrase of something that has one. A file descriptor gives it once.
    pub fn existing(&self) -> Result<Passphrase> {
        match &self.place {
            Place::Terminal => prompt::existing(&self.purpose),
            _ => self.read(),
        }
    }

    /// A passphrase for something that is to have one: a person types it twice.
    pub fn chosen(&self) -> Result<Passphrase> {
        match &self.place {
            Place::Terminal => prompt::chosen(&self.purpose),
            _ => self.read(),
        }
    }

    fn read(&self) -> Result<Passphrase> {
        match &self.place {
            Place::File(path) => reader::from_file(&self.purpose, path),
            Place::Credential(path) => reader::from_credential(&self.purpose, path),
            Place::Descriptor(number, file) => {
                let file = file.lock().unwrap_or_else(PoisonError::into_inner).take();
                let file = file.ok_or_else(|| Failure::internal("a file descriptor was read twice"))?;
                reader::from_open(&self.purpose, &format!("file descriptor {number}"), file)
            }
            Place::Terminal => Err(Failure::internal("a terminal was read like a file")),
        }
    }
}

fn taken_failure(purpose: &PassphrasePurpose, number: RawFd, error: &io::Error) -> Failure {
    let option = purpose.descriptor_option;
    let what = format!("the passphrase of {}", purpose.what);
    let otherwise = format!("leave {option} away to be asked without an echo");
    descriptor::failure(&what, option, number, &otherwise, error)
}

/// The file of a credential of this unit, if it has it.
pub fn credential(name: &str) -> Option<PathBuf> {
    let path = Path::new(&std::env::var_os(CREDENTIALS)?).join(name);
    path.exists().then_some(path)
}
