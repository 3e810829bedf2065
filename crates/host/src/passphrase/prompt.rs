//! Asks a person, without an echo.

use std::io;

use zeroize::Zeroizing;

use super::{Passphrase, PassphrasePurpose, reader};
use model::error::{Exit, Failure, Result};
use model::report;

/// How often something that cannot be right may be typed.
pub const TRIES: usize = 3;

pub(super) fn existing(purpose: &PassphrasePurpose) -> Result<Passphrase> {
    for _ in 0..TRIES {
        match reader::parse(ask(purpose, &format!("passphrase of {}: ", purpose.what))?) {
            Ok(passphrase) => return Ok(passphrase),
            Err(_) => report::message("that was no passphrase"),
        }
    }
    Err(gave_up(purpose))
}

/// A new one, typed twice.
pub(super) fn chosen(purpose: &PassphrasePurpose) -> Result<Passphrase> {
    for _ in 0..TRIES {
        let first = ask(purpose, &format!("new passphrase for {}: ", purpose.what))?;
        let Ok(passphrase) = reader::parse(first) else {
            report::message("that was no passphrase");
            continue;
        };
        let second = ask(purpose, "the same again: ")?;
        if second.as_slice() == passphrase.as_str().as_bytes() {
            return Ok(passphrase);
        }
        report::message("the two differ");
    }
    Err(gave_up(purpose))
}

fn ask(purpose: &PassphrasePurpose, question: &str) -> Result<Zeroizing<Vec<u8>>> {
    let _held = report::Held::cleared();
    match rpassword::prompt_password(question) {
        Ok(typed) => Ok(Zeroizing::new(typed.into_bytes())),
        Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::Interrupted) => {
            Err(gave_up(purpose))
        }
        Err(_) => Err(Failure::new(
            Exit::MissingInput,
            format!("the passphrase of {} is needed, and there is no terminal to ask for it", purpose.what),
        )
        .next(format!(
            "give it with {} FILE, with {} N, or as the systemd credential {}",
            purpose.file_option, purpose.descriptor_option, purpose.credential
        ))),
    }
}

fn gave_up(purpose: &PassphrasePurpose) -> Failure {
    Failure::new(Exit::MissingInput, format!("no passphrase for {} was given", purpose.what))
        .next(format!("run the command again, or give it in a file: {} FILE", purpose.file_option))
}
