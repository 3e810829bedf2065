//! The key of a node that bundles for it are sealed to: `delivery.key`, made once where it stays.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;
use zone_pki::private_file::{self, PrivateFileError};

use crate::bundle::{Identity, identity_failure};
use crate::zone_directory::private_failure;
use model::error::{Failure, Result};
use model::plan::NodePaths;

/// An age identity file with one X25519 key.
#[derive(Debug)]
pub struct DeliveryKey {
    path: PathBuf,
    recipient: String,
    text: Zeroizing<Vec<u8>>,
}

impl DeliveryKey {
    /// The key of a node, made if there is none. One that is there is never replaced: bundles that are sealed
    /// to it may be on their way. The node directory has to be there.
    ///
    /// # Errors
    /// It cannot be made, or what is there is not a key that this user alone can read.
    pub fn of(paths: &NodePaths) -> Result<Self> {
        let path = paths.delivery_key();
        match Self::read(&path)? {
            Some(key) => Ok(key),
            None => {
                make(&path).map_err(|error| Failure::write(&path, &error))?;
                Self::read(&path)?.ok_or_else(|| Failure::internal("a key that was made is not there"))
            }
        }
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        let text = match private_file::read(path) {
            Ok(text) => text,
            Err(PrivateFileError::NotFound) => return Ok(None),
            Err(error) => return Err(private_failure(path, &error)),
        };
        let key = std::str::from_utf8(&text).ok().and_then(|text| {
            let mut lines =
                text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.next()?.parse::<age::x25519::Identity>().ok()
        });
        let Some(key) = key else {
            let failure =
                Failure::bad_input(format!("{} is not an age key", zone_pki::ShowPath::shown(path)));
            return Err(failure.because("bundles for this node are sealed to the key that was there").next(
                "put it back from a copy; without one move it away, so that another is made, and tell the \
                 signing host the new public key",
            ));
        };
        Ok(Some(Self { path: path.to_owned(), recipient: key.to_public().to_string(), text }))
    }

    /// The public key, `age1…`.
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// What opens bundles that are sealed to it.
    ///
    /// # Errors
    /// What is there beside the key cannot be read.
    pub fn identity(&self) -> Result<Identity> {
        let name = zone_pki::ShowPath::shown(self.path.as_path()).to_string();
        Identity::from_file(&self.text).map_err(|error| identity_failure(&name, Some(&self.path), &error))
    }
}

/// Writes a key aside, 0600 from creation, and gives it its name unless another has it by then.
fn make(path: &Path) -> std::io::Result<()> {
    let key = age::x25519::Identity::generate();
    let secret = key.to_string();
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(file, "# public key: {}", key.to_public())?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.error),
        Ok(_) | Err(_) => {}
    }
    std::fs::File::open(directory)?.sync_all()
}
