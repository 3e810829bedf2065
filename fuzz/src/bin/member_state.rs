//! `state.json`: what a node knows of its member's past. What is read is written and read as the same.
#![no_main]

use std::sync::OnceLock;

use host::MemberState;
use libfuzzer_sys::fuzz_target;
use zone_etcd_fuzz::file::Scratch;

fuzz_target!(|bytes: &[u8]| {
    static FILE: OnceLock<Scratch> = OnceLock::new();
    let file = FILE.get_or_init(|| Scratch::new("state.json"));
    if let Ok(state) = MemberState::load(file.fill(bytes)) {
        let state = state.expect("a file that is there");
        let written = serde_json::to_vec(&state).expect("what was read once");
        let again = MemberState::load(file.fill(&written)).expect("what was read once");
        assert_eq!(again.as_ref(), Some(&state));
        let path = std::path::Path::new("state.json");
        assert_eq!(again.map(|again| again.past(path).ok()), Some(state.past(path).ok()));
    }
});
