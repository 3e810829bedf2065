//! What the start of another member says: a line of JSON. What is read is written and read as the same.
#![no_main]

use launch::presence::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((message, says)) = Message::parse(bytes) {
        let (again, same) = Message::parse(message.line().as_bytes()).expect("what was read once");
        assert_eq!((again, same), (message, says));
    }
});
