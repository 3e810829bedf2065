//! The programs that a bundle can bring along. They are the same for every node, so they are compressed once.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use zone_pki::{ShowPath, hex, regular_file};

use super::archive::{BLOCK, EntryHead};
use super::manifest::{FileEntry, FileMode};
use super::write::header;
use etcd::binary_failure;
use etcd::{BinaryRequest, EtcdBinary};
use model::config::EtcdVersion;
use model::error::{Failure, Result};
use payload::Payload;

/// The tools of a bundle of etcd, which all are in its manifest.
const TOOLS: [&str; 3] = ["etcd", "etcdctl", "etcdutl"];
const MANIFEST: &str = "manifest.json";
/// Programs are compressed once, and carried over many times.
const COMPRESSION: i32 = 9;

/// Whether a path, in its parts, is that of a program which a bundle can bring.
pub(super) fn is_program(parts: &[&str]) -> bool {
    let is_version =
        |text: &str| text.parse::<EtcdVersion>().is_ok_and(|version| version.to_string() == text);
    match parts {
        ["bin", "zone-etcd"] => true,
        ["libexec", "zone-etcd", version, name] => {
            is_version(version) && (TOOLS.contains(name) || *name == MANIFEST)
        }
        _ => false,
    }
}

/// zone-etcd and the bundled etcd, as the last part of an archive.
#[derive(Debug)]
pub struct Programs {
    /// Their lines of the manifest.
    pub entries: Vec<FileEntry>,
    /// A zstd frame of its own, without a name on the disk.
    frame: File,
}

impl Programs {
    /// Reads the running program and the bundled etcd of this version, whose digests are checked. The
    /// compressed form is kept in a file of `directory` that has no name.
    pub fn collect(version: Option<EtcdVersion>, directory: &Path, time: i64) -> Result<Self> {
        let frame = tempfile::tempfile_in(directory).map_err(|error| Failure::write(directory, &error))?;
        let mut archive =
            Archive::new(BufWriter::new(frame), time).map_err(|error| Failure::write(directory, &error))?;
        // The file that this process runs, even if another has been put in its place.
        let executable = PathBuf::from("/proc/self/exe");
        // The etcd that is packed into it is brought as files.
        let size = Payload::own()?.map(|payload| payload.executable_size());
        archive.add_first("bin/zone-etcd".to_owned(), &executable, FileMode::Program, directory, size)?;
        let request = BinaryRequest { version, ..BinaryRequest::default() };
        let version = version.unwrap_or(EtcdVersion::DEFAULT);
        let mut beside = None;
        for tool in TOOLS {
            let path = EtcdBinary::find_tool(&request, tool).map_err(binary_failure)?;
            let name = format!("libexec/zone-etcd/{version}/{tool}");
            archive.add(name, &path, FileMode::Program, directory)?;
            beside = Some(path);
        }
        if let Some(path) = beside {
            let name = format!("libexec/zone-etcd/{version}/{MANIFEST}");
            archive.add(name, &path.with_file_name(MANIFEST), FileMode::Public, directory)?;
        }
        archive.finish().map_err(|error| Failure::write(directory, &error))
    }

    /// How many bytes the compressed form has.
    pub(super) fn compressed_size(&self) -> io::Result<usize> {
        usize::try_from(self.frame.metadata()?.len()).map_err(io::Error::other)
    }

    pub(super) fn copy_to(&self, out: &mut impl Write) -> io::Result<()> {
        // By position: several bundles are written at the same time.
        let mut buffer = vec![0; 1 << 18];
        let mut at = 0;
        loop {
            match self.frame.read_at(&mut buffer, at)? {
                0 => return Ok(()),
                count => {
                    out.write_all(&buffer[..count])?;
                    at += count as u64;
                }
            }
        }
    }
}

/// The end of an archive, being compressed.
struct Archive {
    out: zstd::Encoder<'static, BufWriter<File>>,
    time: i64,
    entries: Vec<FileEntry>,
}

impl Archive {
    fn new(out: BufWriter<File>, time: i64) -> io::Result<Self> {
        let mut out = zstd::Encoder::new(out, COMPRESSION)?;
        out.include_checksum(true)?;
        Ok(Self { out, time, entries: Vec::new() })
    }

    fn add(&mut self, name: String, path: &Path, mode: FileMode, directory: &Path) -> Result<()> {
        self.add_first(name, path, mode, directory, None)
    }

    /// Adds the first bytes of a file, or all of them.
    fn add_first(
        &mut self,
        name: String,
        path: &Path,
        mode: FileMode,
        directory: &Path,
        first: Option<u64>,
    ) -> Result<()> {
        let unreadable = |error: io::Error| Failure::read(path, &error);
        let file = regular_file::open(path).map_err(unreadable)?;
        let whole = file.metadata().map_err(unreadable)?.len();
        let size = first.map_or(whole, |first| first.min(whole));
        let mut file = file.take(size.saturating_add(u64::from(first.is_none())));
        let mut entry = FileEntry { path: name, sha256: String::new(), size, mode };
        let unwritable = |error: io::Error| Failure::write(directory, &error);
        let head = header(&entry, self.time).map_err(unwritable)?;
        self.out.write_all(head.as_bytes()).map_err(unwritable)?;
        let mut digest = Context::new(&SHA256);
        let mut buffer = vec![0; 1 << 18];
        let mut left = size;
        while left > 0 {
            let count = file.read(&mut buffer).map_err(unreadable)?;
            if count == 0 || count as u64 > left {
                return Err(Failure::bad_input(format!("{} changed while it was read", path.shown()))
                    .next("run the command again"));
            }
            digest.update(&buffer[..count]);
            self.out.write_all(&buffer[..count]).map_err(unwritable)?;
            left -= count as u64;
        }
        self.out.write_all(&[0; BLOCK][..EntryHead::padding(size)]).map_err(unwritable)?;
        entry.sha256 = hex::encode(digest.finish().as_ref());
        self.entries.push(entry);
        Ok(())
    }

    fn finish(mut self) -> io::Result<Programs> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        let frame = self.out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Programs { entries: self.entries, frame })
    }
}
