//! The answer of another member, which comes in parts: in whichever it does, it is the same.
#![no_main]

use std::io::{Cursor, Read};

use etcd::tls::response::{Response, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = read(&mut Cursor::new(bytes)).ok();
    if let Some(Response { body, headers, .. }) = &whole {
        assert!(body.len() <= bytes.len());
        assert!(headers.iter().all(|(name, _)| *name == name.to_ascii_lowercase()));
    }
    // Byte by byte, every input is read as often as it is long.
    if bytes.len() <= 4096 {
        assert_eq!(read(&mut OneByOne(bytes)).ok(), whole);
    }
});

struct OneByOne<'b>(&'b [u8]);

impl Read for OneByOne<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}
