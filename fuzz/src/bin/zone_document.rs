//! The zone document and its signature: its canonical form is read as the same document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::config::{ZoneDocument, ZoneDocumentFault};
use zone_etcd_fuzz::check_problems;
use zone_pki::DetachedJws;

fuzz_target!(|bytes: &[u8]| {
    match ZoneDocument::parse(bytes) {
        Ok((document, _)) => {
            assert!(!document.members.is_empty());
            let (again, _) = ZoneDocument::parse(document.canonical()).expect("the canonical form");
            assert_eq!(again.canonical(), document.canonical());
            assert_eq!((again.name, again.services), (document.name, document.services));
            assert_eq!((again.members, again.sign), (document.members, None));
            if let Some(sign) = document.sign
                && let Ok(jws) = DetachedJws::parse(&sign)
            {
                assert_eq!(jws.to_string(), sign);
            }
        }
        Err(ZoneDocumentFault::Problems(problems)) => {
            check_problems(std::str::from_utf8(bytes).unwrap_or_default(), &problems);
        }
        Err(ZoneDocumentFault::OtherType(found)) => assert_ne!(found, ZoneDocument::TYPE),
        Err(ZoneDocumentFault::OtherVersion(found)) => assert_ne!(found, ZoneDocument::API_VERSION),
    }
});
