//! `node.json`: the local config of a node, or every problem of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::config::{LocalConfig, PemSource, ZoneConfig};
use zone_etcd_fuzz::check_problems;

fuzz_target!(|text: &str| {
    match LocalConfig::parse(text) {
        Ok((config, _)) => {
            for source in [&config.ca, &config.cert, &config.key] {
                match source {
                    PemSource::Inline(pem) => assert!(pem.contains("-----BEGIN ")),
                    PemSource::File(path) => assert!(!path.as_os_str().is_empty()),
                }
            }
            if let Some(zone) = &config.zone {
                assert!(config.name.as_str().ends_with(zone.name.as_str()));
                let written = zone.render();
                let (again, _) =
                    ZoneConfig::parse(&written).unwrap_or_else(|error| panic!("{error:?} in\n{written}"));
                assert_eq!(&again, zone);
            }
        }
        Err(problems) => check_problems(text, &problems),
    }
});
