//! The file system under the data directory.

use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::statvfs::FsFlags;
use zone_pki::ShowPath;

const WRITES: usize = 50;
/// About what etcd writes for a small request.
const WRITE_SIZE: usize = 2048;
/// A disk that has not made them by then takes more than 10 ms for each, which is longer than etcd wants: it
/// is slow whatever the others would take.
const LIMIT: Duration = Duration::from_millis(500);
/// etcd's name for its database below the data directory.
const DATABASE: &str = "member/snap/db";

/// How fast the disk confirmed writes of 2 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskProbe {
    pub directory: PathBuf,
    /// How many writes were made before the time was over.
    pub writes: usize,
    /// Half of them took no longer.
    pub median: Duration,
    /// 99 of 100 took no longer; with 50 of them, the slowest.
    pub slowest_of_99: Duration,
}

/// Room on a file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    pub directory: PathBuf,
    /// Bytes that this user may still write.
    pub free: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataDirectoryFacts {
    pub is_directory: bool,
    /// Its permission bits.
    pub mode: u32,
    pub owner: u32,
}

/// Looks at a data directory; none if there is nothing.
pub fn look_at_data_directory(data: &Path) -> Option<DataDirectoryFacts> {
    let metadata = std::fs::metadata(data).ok()?;
    Some(DataDirectoryFacts {
        is_directory: metadata.is_dir(),
        mode: metadata.mode() & 0o7777,
        owner: metadata.uid(),
    })
}

/// Measures in the parent of the data directory, in a file that is removed again. What is not etcd's has no
/// place in the data directory itself.
///
/// # Errors
/// Why it was not measured, for a message.
pub fn probe_disk(data: &Path) -> Result<DiskProbe, String> {
    let parent = data.parent().unwrap_or(data);
    let device = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.dev());
    match (device(parent), device(data)) {
        (Err(_), _) => return Err(format!("there is no {} yet", parent.shown())),
        (Ok(one), Ok(other)) if one != other => {
            return Err(format!(
                "{} is a file system of its own, and nothing is written into it",
                data.shown()
            ));
        }
        _ => {}
    }
    measure(parent).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("this user cannot write to {}", parent.shown())
        }
        _ => format!("writing to {} failed: {error}", parent.shown()),
    })
}

fn measure(directory: &Path) -> io::Result<DiskProbe> {
    let mut file = tempfile::Builder::new().prefix(".zone-etcd-probe-").tempfile_in(directory)?;
    let (bytes, started) = ([0x5a; WRITE_SIZE], Instant::now());
    let mut taken = Vec::with_capacity(WRITES);
    while taken.len() < WRITES && started.elapsed() < LIMIT {
        let before = Instant::now();
        file.write_all(&bytes)?;
        file.as_file().sync_data()?;
        taken.push(before.elapsed());
    }
    taken.sort_unstable();
    let at = |part: usize| taken.get((taken.len() * part / 100).min(taken.len() - 1)).copied();
    Ok(DiskProbe {
        directory: directory.to_owned(),
        writes: taken.len(),
        median: at(50).unwrap_or_default(),
        slowest_of_99: at(99).unwrap_or_default(),
    })
}

/// Room on the file system of `path`, or of the nearest directory above that is there.
pub fn free_space(path: &Path) -> io::Result<FreeSpace> {
    let directory = path.ancestors().find(|path| path.exists()).unwrap_or(path);
    let statistics = nix::sys::statvfs::statvfs(directory).map_err(io::Error::from)?;
    let free = statistics.blocks_available().saturating_mul(statistics.fragment_size());
    Ok(FreeSpace { directory: directory.to_owned(), free })
}

/// Whether no program is run from the file system of `path` (`noexec`).
pub fn runs_no_programs(path: &Path) -> bool {
    nix::sys::statvfs::statvfs(path).is_ok_and(|statistics| statistics.flags().contains(FsFlags::ST_NOEXEC))
}

/// The size of the database; 0 if there is none.
pub fn database_size(data: &Path) -> u64 {
    std::fs::metadata(data.join(DATABASE)).map_or(0, |metadata| metadata.len())
}
