//! What a document may look like, and what is signed of it.

use model::config::{ZoneDocument, ZoneDocumentFault};
use proptest::prelude::*;

use super::{THREE, parsed};

fn problems(text: &str) -> Vec<String> {
    match ZoneDocument::parse(text.as_bytes()) {
        Err(ZoneDocumentFault::Problems(problems)) => {
            problems.iter().map(|problem| problem.render("f")).collect()
        }
        other => panic!("no problems: {other:?}"),
    }
}

#[track_caller]
fn one_problem(text: &str, wanted: &str) {
    let found: Vec<_> = problems(text).into_iter().filter(|line| !line.contains(": warning: ")).collect();
    assert!(found.len() == 1 && found[0].contains(wanted), "not `{wanted}`: {found:#?}");
}

/// The canonical form of a document that has `extra` as a further member.
fn canonical_of(extra: &str) -> String {
    let text = THREE.replacen('{', &format!("{{ \"extra\": {extra},"), 1);
    let canonical = String::from_utf8(parsed(&text).canonical().to_vec()).expect("UTF-8");
    let start = canonical.find("\"extra\":").expect("the member") + "\"extra\":".len();
    let end = canonical.find(",\"name\":").expect("the next member");
    canonical[start..end].to_owned()
}

#[test]
fn members_and_defaults_are_those_of_a_local_config() {
    let document = parsed(THREE);
    let urls: Vec<_> = document.members.iter().map(|node| (node.peer_url(), node.client_url())).collect();
    let url = |host: &str, port: u16| format!("https://{host}:{port}");
    let expected = ["node1.example.zone", "10.0.0.2", "10.0.0.3"];
    assert_eq!(urls, expected.map(|host| (url(host, 2380), url(host, 2379))));
    assert_eq!(document.members[2].protocol.as_str(), "cyfs");
    assert_eq!(document.services[0].port.number(), 3456);
    let without_port = parsed(&THREE.replace(", \"port\": 3456", ""));
    assert_eq!(without_port.services, document.services);
}

/// RFC 8785: 3.2.2 (strings, literals), 3.2.3 (sorting by UTF-16), 3.2.2.3 (numbers, of which only integers
/// are taken here).
#[test]
fn the_canonical_form_is_that_of_rfc_8785() {
    assert_eq!(canonical_of("[null, true, false, { }, [ ]]"), "[null,true,false,{},[]]");
    assert_eq!(
        canonical_of("[0, -0, 1, -1, 9007199254740991, -9007199254740991]"),
        "[0,0,1,-1,9007199254740991,-9007199254740991]"
    );
    assert_eq!(
        canonical_of(r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/""#),
        r#""€$\u000f\nA'B\"\\\\\"/""#
    );
    assert_eq!(
        canonical_of(
            r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
                "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
                "\u00f6": "Latin Small Letter O With Diaeresis"}"#
        ),
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
         \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
         \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
    assert_eq!(canonical_of(r#"{"b": [{"z": 1, "y": {"d": 2, "c": 3}}], "a": []}"#), {
        r#"{"a":[],"b":[{"y":{"c":3,"d":2},"z":1}]}"#
    });
}

/// What the six published pairs of input and output test (testdata of cyberphone/json-canonicalization):
/// arrays, an order that no language has, structures, Unicode that is not normalized, names of all kinds, and
/// values, whose numbers other than integers are refused here.
#[test]
fn the_published_vectors_have_their_form_or_are_refused() {
    let table = [
        (r#"[ 56, { "d": true, "10": null, "1": [ ] } ]"#, r#"[56,{"1":[],"10":null,"d":true}]"#),
        (r#"{ "peach": 1, "péché": 2, "pêche": 3, "sin": 4 }"#, r#"{"peach":1,"péché":2,"pêche":3,"sin":4}"#),
        (
            r#"{ "1": {"f": {"f": "hi","F": 5} ,"\n": 56}, "10": { }, "": "empty", "a": { }, "111": [ { } ],
                 "A": { } }"#,
            r#"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}"#,
        ),
        (r#"{ "name": "A\u030a" }"#, "{\"name\":\"A\u{30a}\"}"),
        (
            r#"{ "\u000a": 2, "</script>": 4, "\u0080": "\u007f", "\ud83d\ude02": 5, "\r": 3, "1": 1 }"#,
            "{\"\\n\":2,\"\\r\":3,\"1\":1,\"</script>\":4,\"\u{80}\":\"\u{7f}\",\"\u{1f602}\":5}",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(canonical_of(text), expected, "{text}");
    }
    for number in ["56.0", "1E30", "4.50", "333333333.33333329", "2e-3", "0.000000000000000000000000001"] {
        let text = THREE.replacen('{', &format!("{{ \"x\": [{number}],"), 1);
        one_problem(&text, "is not written as a whole number");
    }
}

#[test]
fn what_programs_read_differently_is_refused() {
    one_problem(&THREE.replace("\"type\"", "\"name\": \"example.zone\", \"type\""), "`name` is there twice");
    one_problem(
        &THREE.replace("\"type\"", "\"x\": [{\"a\": 1, \"\\u0061\": 1}], \"type\""),
        "`a` is there twice",
    );
    for number in ["3456.0", "3456.5", "3e3", "1E400"] {
        one_problem(&THREE.replace("3456", number), "is not written as a whole number");
    }
    for number in ["9007199254740992", "-9007199254740992", "123456789012345678901234567890"] {
        one_problem(&THREE.replace("3456", number), "a number beyond 2^53");
    }
    one_problem(&THREE.replace("3456", "03456"), "this is not JSON");
    one_problem(&THREE.replacen('{', "{ \"x\": \"\\ud83d\",", 1), "this is not JSON");
    one_problem(&format!("\u{feff}{THREE}"), "byte order mark");
    one_problem(&format!("{THREE} {{}}"), "this is not JSON");
    one_problem(&"[".repeat(60_000), "this is not JSON");
    one_problem("[]", "not an object");
}

#[test]
fn a_document_has_64_kib_at_most() {
    let padded = |length: usize| format!("{THREE}{}", " ".repeat(length - THREE.len()));
    parsed(&padded(64 << 10));
    one_problem(&padded((64 << 10) + 1), "it has 65537 bytes, of at most 65536");
}

#[test]
fn every_problem_is_told_at_once() {
    let text = THREE
        .replace("\"example.zone\"", "\"example_zone\"")
        .replace("\"https\", \"address\": \"10.0.0.2\"", "\"http\", \"address\": \"10.0.0.256\"")
        .replace("2380", "0")
        .replace("192.168.1.1", "");
    let found = problems(&text).join("\n");
    for wanted in [
        "f:2:13: the zone name `example_zone` has `_`",
        "f:4:53: the address is empty",
        "0 is no port",
        "`http` is no protocol",
        "`10.0.0.256`",
    ] {
        assert!(found.contains(wanted), "no `{wanted}` in\n{found}");
    }
}

#[test]
fn members_are_held_to_the_rules_of_a_zone() {
    one_problem(&THREE.replace("node2.example", "node1.example"), "two nodes are called `node1`");
    one_problem(&THREE.replace("10.0.0.2", "10.0.0.3"), "10.0.0.3:2380 is both peer_port of node2 and");
    one_problem(
        &THREE.replace("node2.example.zone", "node2.example.org"),
        "is outside the zone example.zone",
    );
    let start = THREE.find("\"etcd\": [").expect("the members");
    one_problem(&format!("{}\"etcd\": [] }} }}", &THREE[..start]), "the zone has no members");
    one_problem(&THREE.replace("\"extend\"", "\"extra\""), "the file has no `extend`");
    one_problem(&THREE.replacen('{', "{ \"sign\": 1,", 1), "`sign` in the file is a number");
}

#[test]
fn unknown_members_are_signed_and_told_of() {
    let text = THREE.replacen('{', "{ \"color\": \"blue\",", 1);
    let (document, warnings) = ZoneDocument::parse(text.as_bytes()).expect("a document");
    assert!(document.canonical().windows(14).any(|part| part == b"\"color\":\"blue\""));
    assert!(warnings.iter().any(|warning| warning.what.contains("`color`")), "{warnings:?}");
}

#[test]
fn another_type_or_version_is_not_read() {
    let other = |from: &str, to: &str| ZoneDocument::parse(THREE.replace(from, to).as_bytes());
    assert_eq!(
        other("\"type\": \"zone\"", "\"type\": \"device\""),
        Err(ZoneDocumentFault::OtherType("device".to_owned()))
    );
    assert_eq!(
        other("\"v1\",\n    \"extend\"", "\"v2\",\n    \"nodes\""),
        Err(ZoneDocumentFault::OtherVersion("v2".to_owned()))
    );
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Order and white space are no part of what is signed, the content is.
    #[test]
    fn the_canonical_form_is_the_content(extra in json(), other in json()) {
        let with = |extra: &serde_json::Value| {
            let mut value: serde_json::Value = serde_json::from_str(THREE).expect("JSON");
            value["x"] = extra.clone();
            value
        };
        let (first, second) = (with(&extra), with(&other));
        let compact = parsed(&first.to_string());
        let spaced = parsed(&serde_json::to_string_pretty(&first).expect("JSON"));
        prop_assert_eq!(compact.canonical(), spaced.canonical());
        let again: serde_json::Value = serde_json::from_slice(compact.canonical()).expect("JSON");
        prop_assert_eq!(&again, &first);
        let canonical_again = String::from_utf8(compact.canonical().to_vec()).expect("UTF-8");
        let read_again = parsed(&canonical_again);
        prop_assert_eq!(read_again.canonical(), compact.canonical());
        prop_assert_eq!(parsed(&second.to_string()).canonical() == compact.canonical(), first == second);
    }
}
