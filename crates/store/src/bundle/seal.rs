//! Sealing: the outer layer of a bundle that is written.

use model::formats::Seal;
use std::io::{self, Write};
use std::sync::Mutex;

use age::Encryptor;
use age::secrecy::SecretString;
use age::stream::StreamWriter;

use super::recipient::Recipient;

/// The binary logarithm of scrypt's N: 64 MiB of memory and some tenths of a second for each try of a
/// passphrase.
const WORK_FACTOR: u8 = 16;

/// Held while a passphrase is stretched: the memory that takes is needed once, on however many threads
/// bundles are made.
static STRETCHING: Mutex<()> = Mutex::new(());

#[derive(Clone, Debug)]
pub enum Sealing<'s> {
    /// Not at all.
    Plain,
    Passphrase(&'s SecretString),
    /// To all of these keys, any of which opens it.
    Recipients(Vec<&'s Recipient>),
}

impl Sealing<'_> {
    /// What a reader finds.
    pub fn seal(&self) -> Seal {
        match self {
            Self::Plain => Seal::Plain,
            Self::Passphrase(_) => Seal::Passphrase,
            Self::Recipients(_) => Seal::Recipients,
        }
    }

    /// The keys, in alphabetical order.
    pub fn keys(&self) -> Vec<String> {
        let Self::Recipients(recipients) = self else { return Vec::new() };
        let mut keys: Vec<String> = recipients.iter().map(|key| key.as_str().to_owned()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    pub(crate) fn begin<W: Write>(&self, out: W) -> io::Result<Sealed<W>> {
        let encryptor = match self {
            Self::Plain => return Ok(Sealed::Plain(out)),
            Self::Passphrase(passphrase) => {
                let mut recipient = age::scrypt::Recipient::new((*passphrase).clone());
                recipient.set_work_factor(WORK_FACTOR);
                // What a thread that panicked has left does not matter: nothing is kept there.
                let _alone = STRETCHING.lock();
                Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
            }
            Self::Recipients(recipients) => Encryptor::with_recipients(
                recipients.iter().map(|recipient| recipient.key.as_ref() as &dyn age::Recipient),
            ),
        };
        let writer = encryptor.map_err(io::Error::other)?.wrap_output(out)?;
        Ok(Sealed::Age(Box::new(writer)))
    }
}

pub(crate) enum Sealed<W: Write> {
    Plain(W),
    Age(Box<StreamWriter<W>>),
}

impl<W: Write> Sealed<W> {
    /// Writes what is left, without which a reader takes the file for cut off.
    pub(crate) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Age(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Age(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Age(writer) => writer.flush(),
        }
    }
}
