//! A passphrase is the first line of what is read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;
use zone_pki::{
    ShowPath,
    private_file::{self, PrivateFileError},
};

use super::{LIMIT, Passphrase, PassphrasePurpose};
use crate::step_as_owner;
use model::error::{Exit, Failure, Result};

/// From a file, which must be mode 0600.
pub(super) fn from_file(purpose: &PassphrasePurpose, path: &Path) -> Result<Passphrase> {
    let file = private_file::open(path).map_err(|error| file_failure(purpose, path, &error))?;
    from_open(purpose, &path.shown().to_string(), file)
}

/// From a credential. Its mode is systemd's matter: an access list for the unit's user shows as rights of the
/// group.
pub(super) fn from_credential(purpose: &PassphrasePurpose, path: &Path) -> Result<Passphrase> {
    let file = File::open(path).map_err(|error| Failure::read(path, &error))?;
    from_open(purpose, &path.shown().to_string(), file)
}

/// From what is open already; `name` says in messages what that is.
pub(super) fn from_open(purpose: &PassphrasePurpose, name: &str, file: File) -> Result<Passphrase> {
    let failed = || Failure::bad_input(format!("{name} holds no passphrase for {}", purpose.what));
    let line = first_line(file).map_err(|error| {
        failed().because(&error).next(format!("give it in a file: {} FILE", purpose.file_option))
    })?;
    parse(line).map_err(|why| {
        failed().because(why).next(format!("its first line, of at most {LIMIT} bytes, is the passphrase"))
    })
}

/// What was read or typed, if it can be a passphrase.
pub(super) fn parse(line: Zeroizing<Vec<u8>>) -> std::result::Result<Passphrase, &'static str> {
    if line.len() > LIMIT {
        return Err("its first line is too long");
    }
    if line.is_empty() {
        return Err("its first line is empty");
    }
    let text = std::str::from_utf8(&line).map_err(|_| "its first line is not text in UTF-8")?;
    Ok(Passphrase(Zeroizing::new(text.to_owned())))
}

/// The first line without its end. No more than that is waited for: who writes into a pipe may keep it open.
fn first_line(mut file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    // Of its full size from the start, so that no copy is left behind when it would grow.
    let mut bytes = Zeroizing::new(vec![0; LIMIT + 2]);
    let mut filled = 0;
    let length = loop {
        if let Some(end) = bytes[..filled].iter().position(|byte| *byte == b'\n') {
            break end;
        }
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break filled,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    };
    bytes.truncate(length);
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}

fn file_failure(purpose: &PassphrasePurpose, path: &Path, error: &PrivateFileError) -> Failure {
    let shown = path.shown();
    let failed = |exit| Failure::new(exit, format!("cannot use the passphrase file {shown}"));
    match error {
        PrivateFileError::NotFound => failed(Exit::MissingInput).because(error).next("check the path"),
        PrivateFileError::Mode { .. } => failed(Exit::Permission).because(error).next(format!(
            "if no other user has read it: chmod 600 {}",
            model::report::shell_quoted_path(path)
        )),
        PrivateFileError::Owner { uid } => {
            failed(Exit::Permission).because(error).next(step_as_owner(*uid, path))
        }
        PrivateFileError::Io(error) => Failure::read(path, error),
        error => failed(Exit::BadInput)
            .because(error)
            .next(format!("for a pipe: {} 3 3< {shown}", purpose.descriptor_option)),
    }
}
