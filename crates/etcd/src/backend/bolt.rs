//! Reads buckets of a bbolt file, as far as etcd's small ones need it.
//!
//! The format is that of `internal/common` in bbolt: pages with a header of 16 bytes; two meta pages, of
//! which the valid one with the higher transaction counts; branch and leaf pages with elements of 16 bytes; a
//! bucket as a value of 16 bytes, with its only page behind it if it is small. Numbers are in the order of
//! the machine, which is little endian wherever etcd runs.
//!
//! Nothing in the file is trusted: every offset is checked, and the number of pages that are read is bounded.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use zone_pki::regular_file;

use super::BackendError;

const PAGE_HEADER: usize = 16;
const ELEMENT: usize = 16;
const META: usize = 64;
const MAGIC: u32 = 0xed0c_daed;
const VERSION: u32 = 2;
const BRANCH_PAGE: u16 = 0x01;
const LEAF_PAGE: u16 = 0x02;
/// Flag of a leaf element whose value is a bucket.
const BUCKET: u32 = 0x01;
/// bbolt itself looks for page sizes from 1 KiB to 16 MiB (`db.go`, `getPageSizeFromSecondMeta`).
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 10..=24;
/// With a branch page of two or more entries at each level, a file of this depth would be larger than any
/// disk.
const DEEPEST: usize = 40;
/// The buckets that are read here have a handful of pages, also in a cluster that has removed thousands of
/// members.
const MOST_PAGES: usize = 4096;
/// No page of theirs comes near this size, with all that overflows it.
const LONGEST_PAGE: u64 = 1 << 24;

/// A bbolt file, open for reading.
pub(super) struct BoltFile {
    path: PathBuf,
    file: File,
    length: u64,
    page_size: u64,
    root: u64,
}

/// The entries of a bucket, in the order of their keys.
pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

struct Meta {
    page_size: u32,
    root: u64,
    transaction: u64,
}

enum Element {
    Branch(u64),
    Leaf { flags: u32, key: Vec<u8>, value: Vec<u8> },
}

impl BoltFile {
    /// Opens the file, or returns none if it is not there or is empty: etcd would then make it.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, BackendError> {
        let read_error = |source| BackendError::Read { path: path.to_owned(), source };
        let file = match regular_file::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_error(error)),
        };
        let length = file.metadata().map_err(read_error)?.len();
        if length == 0 {
            return Ok(None);
        }
        let meta = newest_meta(&file).map_err(read_error)?.ok_or_else(|| BackendError::Damaged {
            path: path.to_owned(),
            reason: "neither of its meta pages is valid",
        })?;
        let page_size = u64::from(meta.page_size);
        Ok(Some(Self { path: path.to_owned(), file, length, page_size, root: meta.root }))
    }

    /// The entries of each of these buckets; a bucket that is not there has none.
    pub(super) fn buckets<const N: usize>(&self, names: [&str; N]) -> Result<[Entries; N], BackendError> {
        let mut budget = MOST_PAGES;
        let mut leaves = Vec::new();
        self.walk(&self.page(self.root, &mut budget)?, DEEPEST, &mut budget, &mut leaves)?;
        let mut buckets = [const { Entries::new() }; N];
        for (bucket, name) in buckets.iter_mut().zip(names) {
            let found = leaves.iter().find(|(flags, key, _)| flags & BUCKET != 0 && key == name.as_bytes());
            if let Some((_, _, value)) = found {
                *bucket = self.entries(value, &mut budget)?;
            }
        }
        Ok(buckets)
    }

    /// The last key of a bucket, whatever its size; none if it is empty or not there.
    pub(super) fn last_key(&self, name: &str) -> Result<Option<Vec<u8>>, BackendError> {
        let mut budget = MOST_PAGES;
        let mut leaves = Vec::new();
        self.walk(&self.page(self.root, &mut budget)?, DEEPEST, &mut budget, &mut leaves)?;
        let found = leaves.iter().find(|(flags, key, _)| flags & BUCKET != 0 && key == name.as_bytes());
        let Some((_, _, bucket)) = found else { return Ok(None) };
        let mut page = self.root_page(bucket, &mut budget)?;
        for _ in 0..DEEPEST {
            let last =
                elements(&page).ok_or_else(|| self.damaged("a page of it does not hold together"))?.pop();
            match last {
                None => return Ok(None),
                Some(Element::Leaf { key, .. }) => return Ok(Some(key)),
                Some(Element::Branch(child)) => page = self.page(child, &mut budget)?,
            }
        }
        Err(self.damaged("its pages point to each other"))
    }

    fn entries(&self, bucket: &[u8], budget: &mut usize) -> Result<Entries, BackendError> {
        let page = self.root_page(bucket, budget)?;
        let mut leaves = Vec::new();
        self.walk(&page, DEEPEST, budget, &mut leaves)?;
        Ok(leaves.into_iter().filter(|(flags, ..)| flags & BUCKET == 0).map(|(_, k, v)| (k, v)).collect())
    }

    fn root_page(&self, bucket: &[u8], budget: &mut usize) -> Result<Vec<u8>, BackendError> {
        match number(bucket, 0).ok_or_else(|| self.damaged("a bucket is too short"))? {
            // Small enough to lie behind the bucket itself.
            0 => Ok(bucket.get(PAGE_HEADER..).unwrap_or_default().to_vec()),
            root => self.page(root, budget),
        }
    }

    fn walk(
        &self,
        page: &[u8],
        depth: usize,
        budget: &mut usize,
        leaves: &mut Vec<(u32, Vec<u8>, Vec<u8>)>,
    ) -> Result<(), BackendError> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.damaged("its pages point to each other"))?;
        for element in elements(page).ok_or_else(|| self.damaged("a page of it does not hold together"))? {
            match element {
                Element::Branch(child) => self.walk(&self.page(child, budget)?, depth, budget, leaves)?,
                Element::Leaf { flags, key, value } => leaves.push((flags, key, value)),
            }
        }
        Ok(())
    }

    fn page(&self, id: u64, budget: &mut usize) -> Result<Vec<u8>, BackendError> {
        *budget = budget.checked_sub(1).ok_or_else(|| self.damaged("its pages point to each other"))?;
        let outside = || self.damaged("a page lies outside of it");
        let start =
            id.checked_mul(self.page_size).filter(|start| *start < self.length).ok_or_else(outside)?;
        let mut header = [0; PAGE_HEADER];
        self.read(&mut header, start)?;
        if number(&header, 0) != Some(id) {
            return Err(self.damaged("a page has the number of another"));
        }
        let overflow = u64::from(u32_at(&header, 12).unwrap_or_default());
        let size = (overflow + 1).checked_mul(self.page_size).filter(|size| *size <= LONGEST_PAGE);
        let size = size.filter(|size| start + size <= self.length).ok_or_else(outside)?;
        // At most the longest page, as was just made sure.
        let mut page = vec![0; size as usize];
        self.read(&mut page, start)?;
        Ok(page)
    }

    fn read(&self, buffer: &mut [u8], at: u64) -> Result<(), BackendError> {
        self.file.read_exact_at(buffer, at).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends within a page"),
            _ => BackendError::Read { path: self.path.clone(), source },
        })
    }

    pub(super) fn damaged(&self, reason: &'static str) -> BackendError {
        BackendError::Damaged { path: self.path.clone(), reason }
    }
}

/// The valid meta page with the higher transaction. The second one is a page behind the first, which may be
/// damaged, so every page size is tried, as bbolt does.
fn newest_meta(file: &File) -> io::Result<Option<Meta>> {
    let first = read_meta(file, 0)?;
    let mut newest = None;
    let mut consider = |meta: Option<Meta>| {
        if let Some(meta) = meta
            && newest.as_ref().is_none_or(|newest: &Meta| newest.transaction < meta.transaction)
        {
            newest = Some(meta);
        }
    };
    match &first {
        Some(first) => consider(read_meta(file, u64::from(first.page_size))?),
        None => {
            for bits in PAGE_SIZES {
                consider(read_meta(file, 1 << bits)?.filter(|meta| meta.page_size == 1 << bits));
            }
        }
    }
    consider(first);
    Ok(newest)
}

fn read_meta(file: &File, at: u64) -> io::Result<Option<Meta>> {
    let mut page = [0; PAGE_HEADER + META];
    match file.read_exact_at(&mut page, at) {
        Ok(()) => Ok(valid_meta(&page[PAGE_HEADER..])),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn valid_meta(meta: &[u8]) -> Option<Meta> {
    let page_size = u32_at(meta, 8)?;
    let valid = u32_at(meta, 0)? == MAGIC
        && u32_at(meta, 4)? == VERSION
        && number(meta, 56)? == fnv1a(meta.get(..56)?)
        && page_size.is_power_of_two()
        && PAGE_SIZES.contains(&page_size.trailing_zeros());
    valid.then_some(Meta { page_size, root: number(meta, 16)?, transaction: number(meta, 48)? })
}

/// The elements of a branch or leaf page, or none if they do not lie within it.
fn elements(page: &[u8]) -> Option<Vec<Element>> {
    let flags = u16_at(page, 8)?;
    let count = usize::from(u16_at(page, 10)?);
    (0..count)
        .map(|index| {
            let at = PAGE_HEADER + index * ELEMENT;
            match flags {
                BRANCH_PAGE => Some(Element::Branch(number(page, at + 8)?)),
                LEAF_PAGE => {
                    let key_at = at.checked_add(u32_at(page, at + 4)? as usize)?;
                    let value_at = key_at.checked_add(u32_at(page, at + 8)? as usize)?;
                    let end = value_at.checked_add(u32_at(page, at + 12)? as usize)?;
                    let value = page.get(value_at..end)?.to_vec();
                    let key = page.get(key_at..value_at)?.to_vec();
                    Some(Element::Leaf { flags: u32_at(page, at)?, key, value })
                }
                _ => None,
            }
        })
        .collect()
}

/// FNV-1a of 64 bits, as in Go's `hash/fnv`.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
