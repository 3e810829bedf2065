//! Packs a bundle of etcd into a copy of an executable. The same files give the same bytes.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::format::{HEAD, Index, NAMES, Packed, Part, Trailer, damaged, sha256, sha256_hex};
use model::error::{Failure, Result};
use zone_pki::regular_file;

/// Packed once, by the release; 22 takes twice the time for a thousandth.
const COMPRESSION: i32 = 19;
/// How large a part is, decompressed: an etcd is several parts then, and each is decompressed by a thread.
const PART: usize = 7 << 20;
const WINDOW_LOG: u32 = 23;

/// Writes `executable`, with what is in the bundles of `directories` (`…/VERSION`) packed into it, to `out`,
/// which must not be there yet.
///
/// # Errors
/// What is read or written cannot be, or a directory is no bundle.
pub fn append(executable: &Path, directories: &[&Path], out: &Path) -> Result<()> {
    let read = |path: &Path| regular_file::read(path).map_err(|error| Failure::read(path, &error));
    let mut bytes = read(executable)?;
    let start = bytes.len() as u64;
    bytes.extend_from_slice(HEAD);
    let mut index = Index { parts: Vec::new(), files: Vec::new() };
    // Programs that are one program under several names are packed once.
    let mut known: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for directory in directories {
        let version = directory.file_name().unwrap_or_default().to_string_lossy();
        for name in NAMES.iter().filter(|name| directory.join(name).exists()) {
            let file = read(&directory.join(name))?;
            let digest = sha256(&file);
            let parts = match known.get(&digest) {
                Some(parts) => parts.clone(),
                None => {
                    let first = index.parts.len();
                    for part in file.chunks(PART) {
                        let frame = compress(part).map_err(|error| Failure::write(out, &error))?;
                        let (packed, size) = (frame.len() as u64, part.len() as u64);
                        index.parts.push(Part { packed, size, sha256: sha256_hex(part) });
                        bytes.extend(frame);
                    }
                    (first..index.parts.len()).collect()
                }
            };
            known.insert(digest, parts.clone());
            let path = format!("{version}/{name}");
            let (size, sha256) = (file.len() as u64, sha256_hex(&file));
            index.files.push(Packed { path, size, sha256, parts });
        }
    }
    let text = serde_json::to_vec(&index).map_err(|_| Failure::internal("the index has no JSON"))?;
    Index::read(&text)
        .and_then(|read| if read.files.is_empty() { Err(damaged("it is empty")) } else { Ok(read) })
        .map_err(|fault| {
            Failure::bad_input("this is no bundle of etcd").because(&fault).next("name a directory VERSION")
        })?;
    let index_size = u32::try_from(text.len()).map_err(|_| Failure::internal("the index is too large"))?;
    bytes.extend_from_slice(&text);
    bytes.extend(Trailer { index_size, start, index_sha256: sha256(&text) }.write());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o755).open(out);
    file.and_then(|mut file| file.write_all(&bytes)).map_err(|error| Failure::write(out, &error))
}

fn compress(part: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), COMPRESSION)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.set_pledged_src_size(Some(part.len() as u64))?;
    encoder.write_all(part)?;
    encoder.finish()
}
