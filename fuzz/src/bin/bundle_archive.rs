//! The archive in a bundle: the input is tar, whose checksums are made right, so that the fuzzer gets past
//! them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tar::Header;
use zone_etcd_fuzz::bundle;

const BLOCK: usize = 512;

fuzz_target!(|input: &[u8]| {
    let mut archive = input.to_vec();
    correct_checksums(&mut archive);
    let _ = bundle::read(&bundle::plain(&archive), None);
});

/// Follows the headers as a reader does.
fn correct_checksums(archive: &mut [u8]) {
    let mut at = 0_usize;
    while let Some(block) = archive.get_mut(at..at.saturating_add(BLOCK)) {
        if block.iter().all(|byte| *byte == 0) {
            return;
        }
        let mut header = Header::from_byte_slice(block).clone();
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let Some(next) = size.checked_next_multiple_of(BLOCK).and_then(|size| at.checked_add(BLOCK + size))
        else {
            return;
        };
        at = next;
    }
}
