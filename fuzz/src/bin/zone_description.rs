//! `zone.toml`: a zone, or every problem of the text. What is written out is read as the same zone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::config::{Protection, ZoneConfig};
use zone_etcd_fuzz::check_problems;

fuzz_target!(|text: &str| {
    match ZoneConfig::parse(text) {
        Ok((zone, _)) => {
            assert!(!zone.nodes.is_empty());
            // Only zones that issue their own certificates are written out.
            if zone.tls == Protection::default() {
                let written = zone.render();
                let (again, _) =
                    ZoneConfig::parse(&written).unwrap_or_else(|error| panic!("{error:?} in\n{written}"));
                assert_eq!(again, zone);
            }
        }
        Err(problems) => check_problems(text, &problems),
    }
});
