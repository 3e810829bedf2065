//! `zone.toml`: a zone, or every problem of the text, each within it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zone_etcd::config::ZoneConfig;

fuzz_target!(|text: &str| {
    match ZoneConfig::parse(text) {
        Ok((zone, _)) => assert!(!zone.nodes.is_empty()),
        Err(problems) => {
            assert!(!problems.is_empty());
            let lines = text.matches('\n').count() + 1;
            for location in problems.iter().filter_map(|problem| problem.location) {
                assert!((1..=lines).contains(&location.line) && location.column >= 1);
            }
        }
    }
});
