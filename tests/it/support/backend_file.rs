//! A bbolt file as etcd has it, made by hand.

const PAGE: usize = 4096;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;

/// A bucket with its entries.
pub struct Bucket {
    /// Its name.
    pub name: &'static str,
    /// Keys and values, in ascending order of the keys.
    pub entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether it has pages of its own, two leaves below a branch, or lies within the page of the buckets.
    pub own_pages: bool,
}

/// The bytes of a file with these buckets, in ascending order of their names.
pub fn backend_file(buckets: &[Bucket]) -> Vec<u8> {
    // Two meta pages, a list of free pages, and the page of the buckets, which comes last.
    let mut pages: Vec<Vec<u8>> = vec![Vec::new(), Vec::new(), page(2, 0x10, 0, &[])];
    let mut values = Vec::new();
    for bucket in buckets {
        let value = if bucket.own_pages {
            let (left, right) = bucket.entries.split_at(bucket.entries.len() / 2);
            let first = append(&mut pages, |id| leaf(id, left, 0));
            let second = append(&mut pages, |id| leaf(id, right, 0));
            let root = append(&mut pages, |id| branch(id, &[first, second]));
            [root.to_le_bytes(), [0; 8]].concat()
        } else {
            [vec![0; 16], leaf(0, &bucket.entries, 0)].concat()
        };
        values.push((bucket.name.as_bytes().to_vec(), value));
    }
    let root = append(&mut pages, |id| leaf(id, &values, 1));
    let count = length(&pages);
    // The older one leads nowhere.
    pages[0] = page(0, 4, 0, &meta(3, u64::MAX, count));
    pages[1] = page(1, 4, 0, &meta(4, root, count));
    let mut bytes = Vec::new();
    for mut page in pages {
        page.resize(page.len().next_multiple_of(PAGE), 0);
        bytes.extend(page);
    }
    bytes
}

/// Adds a page whose number is that of its place, and returns the number.
fn append(pages: &mut Vec<Vec<u8>>, page: impl FnOnce(u64) -> Vec<u8>) -> u64 {
    let id = length(pages);
    let mut bytes = page(id);
    let overflow = (bytes.len().div_ceil(PAGE) - 1) as u32;
    bytes[12..16].copy_from_slice(&overflow.to_le_bytes());
    pages.push(bytes);
    id
}

fn length(pages: &[Vec<u8>]) -> u64 {
    pages.iter().map(|page| page.len().div_ceil(PAGE).max(1) as u64).sum()
}

fn page(id: u64, flags: u16, count: usize, content: &[u8]) -> Vec<u8> {
    let count = count as u16;
    [&id.to_le_bytes()[..], &flags.to_le_bytes(), &count.to_le_bytes(), &[0; 4], content].concat()
}

fn leaf(id: u64, entries: &[(Vec<u8>, Vec<u8>)], flags: u32) -> Vec<u8> {
    let (mut elements, mut data) = (Vec::new(), Vec::new());
    for (index, (key, value)) in entries.iter().enumerate() {
        // A position counts from its own element.
        let position = (entries.len() - index) * 16 + data.len();
        for number in [flags, position as u32, key.len() as u32, value.len() as u32] {
            elements.extend(number.to_le_bytes());
        }
        data.extend([key.as_slice(), value].concat());
    }
    page(id, LEAF, entries.len(), &[elements, data].concat())
}

fn branch(id: u64, children: &[u64]) -> Vec<u8> {
    let elements: Vec<u8> =
        children.iter().flat_map(|child| [&[0; 8][..], &child.to_le_bytes()].concat()).collect();
    page(id, BRANCH, children.len(), &elements)
}

fn meta(transaction: u64, root: u64, pages: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [0xed0c_daed_u32, 2, PAGE as u32, 0] {
        bytes.extend(number.to_le_bytes());
    }
    for number in [root, 0, 2, pages, transaction] {
        bytes.extend(number.to_le_bytes());
    }
    // FNV-1a.
    let checksum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    bytes.extend(checksum.to_le_bytes());
    bytes
}
