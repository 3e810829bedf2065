//! What comes in where the answer of a name server is expected. Only an answer to the question is taken, and
//! what it names can be asked for, or is none in DNS.
#![no_main]

use dns::{Found, Question, Reading, RecordType, read};
use libfuzzer_sys::fuzz_target;

const ID: u16 = 0x1234;

fuzz_target!(|bytes: &[u8]| {
    for record_type in [RecordType::Srv, RecordType::A, RecordType::Aaaa] {
        let question = Question { name: "_etcd-server-ssl._tcp.example.zone".to_owned(), record_type };
        let Reading::Answer(answer) = read(bytes, ID, &question) else { continue };
        assert_eq!(bytes.get(..2), Some(ID.to_be_bytes().as_slice()), "of another id");
        assert!(answer.records.len() <= bytes.len() / 10, "more records than there is room for");
        for found in answer.records {
            match (found, record_type) {
                (Found::Srv { target, .. }, RecordType::Srv) => {
                    let _ = Question { name: target, record_type: RecordType::A }.encode(ID);
                }
                (Found::Address(ip), RecordType::A) => assert!(ip.is_ipv4()),
                (Found::Address(ip), RecordType::Aaaa) => assert!(ip.is_ipv6()),
                (found, _) => panic!("{found:?} was not asked for"),
            }
        }
    }
});
