//! A log of records: one JSON object a line, appended, never rewritten.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::private_file::{self, PrivateFileError};

/// How much of a log [`RecordLog::tail`] reads, in bytes.
const TAIL: u64 = 64 * 1024;

/// Why the log cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file is not as private as it has to be, or the system refused.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// An entry cannot be written as JSON: an instant beyond the year 9999.
    #[error("an entry cannot be written: {0}")]
    Entry(#[from] serde_json::Error),
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Self::File(error.into())
    }
}

/// How far a log was read: in which file, and to which byte of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogPlace {
    device: u64,
    inode: u64,
    offset: u64,
}

/// What a log has beyond a [`LogPlace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLine<'l> {
    /// The file is another one, or shorter than it was: what followed from earlier lines is void, and all of
    /// them are given once more.
    Restart,
    /// A line, as it is in the file.
    Whole(&'l [u8]),
    /// The last one without its end: it is given again once more was added.
    Torn(&'l [u8]),
}

/// A log in one file. The file is made, mode 0600, by the first [`append`](Self::append).
#[derive(Debug)]
pub struct RecordLog<T> {
    path: PathBuf,
    entries: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> RecordLog<T> {
    /// The log at this path. A file that is not there yet is an empty log.
    ///
    /// # Errors
    /// [`LogError::File`] if there is a file, and it is open to others or belongs to someone else.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LogError> {
        let log = Self { path: path.into(), entries: PhantomData };
        log.open_to_read()?;
        Ok(log)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds entries, in one write, and waits until they are on the disk. If an earlier write was cut off in
    /// the middle of a line, the entries begin on a line of their own.
    ///
    /// # Errors
    /// As [`LogError`] says. None of the entries is then in the file, unless it could not be shortened again.
    pub fn append(&self, entries: &[T]) -> Result<(), LogError> {
        if entries.is_empty() {
            return Ok(());
        }
        let is_new = !self.path.exists();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = private_file::open_checked(&mut options, &self.path)?;
        // Another process may be appending: neither may see the other's half line.
        file.lock()?;
        let mut lines = if ends_in_a_torn_line(&mut file)? { b"\n".to_vec() } else { Vec::new() };
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        let before = file.metadata()?.len();
        if let Err(error) = file.write_all(&lines).and_then(|()| file.sync_all()) {
            // A full disk has taken a part, which is not readable. What stays of it all the same is skipped
            // by who reads.
            let _ = file.set_len(before);
            return Err(error.into());
        }
        if is_new && let Some(parent) = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            private_file::sync(parent)?;
        }
        Ok(())
    }

    /// Gives each entry, oldest first, to `take`, holding one line at a time. Returns how many lines were
    /// unreadable.
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn for_each(&self, take: impl FnMut(T)) -> Result<usize, LogError> {
        self.for_each_of(|_| true, take)
    }

    /// As [`for_each`](Self::for_each), of the lines that `may_be_meant` takes as they are in the file: most
    /// of a long log need not be parsed.
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn for_each_of(
        &self,
        may_be_meant: impl Fn(&[u8]) -> bool,
        mut take: impl FnMut(T),
    ) -> Result<usize, LogError> {
        let Some(file) = self.open_to_read()? else { return Ok(0) };
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut line = Vec::new();
        let mut unreadable = 0;
        while reader.read_until(b'\n', &mut line)? > 0 {
            if may_be_meant(&line) {
                match serde_json::from_slice(&line) {
                    Ok(entry) => take(entry),
                    Err(_) if line.trim_ascii().is_empty() => {}
                    Err(_) => unreadable += 1,
                }
            }
            line.clear();
        }
        Ok(unreadable)
    }

    /// Gives what was added since `place` to `take`, which is after the last whole line then.
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn for_each_line_since(
        &self,
        place: &mut LogPlace,
        mut take: impl FnMut(LogLine<'_>),
    ) -> Result<(), LogError> {
        let file = self.open_to_read()?;
        let metadata = file.as_ref().map(File::metadata).transpose()?;
        let (device, inode, length) =
            metadata.map_or((0, 0, 0), |metadata| (metadata.dev(), metadata.ino(), metadata.len()));
        if (place.device, place.inode) != (device, inode) || length < place.offset {
            take(LogLine::Restart);
            *place = LogPlace { device, inode, offset: 0 };
        }
        let Some(mut file) = file.filter(|_| length > place.offset) else { return Ok(()) };
        file.seek(SeekFrom::Start(place.offset))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            if line.last() != Some(&b'\n') {
                take(LogLine::Torn(&line));
                break;
            }
            take(LogLine::Whole(&line));
            place.offset += line.len() as u64;
            line.clear();
        }
        Ok(())
    }

    /// The latest entries, oldest first: those whose lines lie whole in the last 64 KiB.
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn tail(&self) -> Result<Vec<T>, LogError> {
        let Some(mut file) = self.open_to_read()? else { return Ok(Vec::new()) };
        let start = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut text = Vec::new();
        file.take(TAIL).read_to_end(&mut text)?;
        // The first line may begin before what was read, and the last one may be cut off: neither is JSON
        // then.
        Ok(text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// All entries, oldest first, and how many lines were unreadable.
    ///
    /// # Errors
    /// [`LogError::File`].
    pub fn read(&self) -> Result<(Vec<T>, usize), LogError> {
        let mut entries = Vec::new();
        let unreadable = self.for_each(|entry| entries.push(entry))?;
        Ok((entries, unreadable))
    }

    fn open_to_read(&self) -> Result<Option<File>, LogError> {
        match private_file::open_checked(OpenOptions::new().read(true), &self.path) {
            Ok(file) => Ok(Some(file)),
            Err(PrivateFileError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn ends_in_a_torn_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}
