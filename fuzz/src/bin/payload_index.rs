//! What says where the programs are that are packed into a file: its last bytes, and the index. A path stays
//! below its directory, no sum of sizes goes over, and no more is unpacked than is allowed.
#![no_main]

use std::collections::BTreeSet;
use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use payload::{Index, Trailer};

/// Of all that is unpacked.
const SIZE_AT_MOST: u64 = 1 << 30;

fuzz_target!(|bytes: &[u8]| {
    if let Some(end) = bytes.last_chunk()
        && let Ok(Some(trailer)) = Trailer::read(end)
    {
        assert_eq!(trailer.write(), end, "what is read is written as it was");
    }
    let Ok(index) = Index::read(bytes) else { return };
    let mut paths = BTreeSet::new();
    for file in &index.files {
        let names: Vec<_> = Path::new(&file.path).components().collect();
        assert!(matches!(names[..], [Component::Normal(_), Component::Normal(_)]), "{}", file.path);
        assert!(paths.insert(&file.path), "{} is there twice", file.path);
    }
    assert!(index.files.iter().map(|file| file.size).sum::<u64>() <= SIZE_AT_MOST);
    let written = serde_json::to_vec(&index).expect("what was read once");
    assert_eq!(Index::read(&written).as_ref(), Ok(&index));
});
