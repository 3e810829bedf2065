//! What is in etcd under the name of a node, which any client may have written: what is read is written and
//! read as the same, and nothing is believed that its certificate's key has not signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::formats::{DeliveryHead, SignedAnswer};
use model::plan::node_of_answer_key;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = SignedAnswer::parse(bytes) {
        let again = SignedAnswer::parse(&signed.encode().expect("JSON")).expect("what was read once");
        assert_eq!(again, signed);
        if let Ok(answer) = signed.verified() {
            assert_eq!(answer.at.nanosecond(), 0);
            assert!(answer.says_the_same(&answer));
        }
    }
    if let Some(head) = DeliveryHead::parse(bytes) {
        assert_eq!(DeliveryHead::parse(&head.encode()), Some(head));
    }
    let _ = node_of_answer_key(bytes);
});
