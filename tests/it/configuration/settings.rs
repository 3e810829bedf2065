//! `[pki]` and `[etcd]`.

use super::{check, etcd, fault, pki, warning, zone_with};
use crate::harness::TestZone;

#[test]
fn validities_are_durations_that_a_certificate_can_have() {
    check([
        pki("leaf_validity = ▸\"1 fortnight\"", &["`leaf_validity` = \"1 fortnight\"", "such as \"365d\""]),
        pki("leaf_validity = ▸\"365\"", &["`leaf_validity` = \"365\"", "such as \"365d\""]),
        pki("leaf_validity = ▸\"\"", &["`leaf_validity` = \"\""]),
        pki("leaf_validity = ▸\"0s\"", &["below a second"]),
        pki("leaf_validity = ▸\"-1d\"", &["`leaf_validity` = \"-1d\""]),
        pki("ca_validity = ▸\"101years\"", &["above a hundred years"]),
        pki("leaf_validity = ▸\"4000d\"", &["`leaf_validity` is longer than `ca_validity`", "write less"]),
        pki(
            "ca_validity = \"30d\"\nleaf_validity = ▸\"31d\"",
            &["`leaf_validity` is longer than `ca_validity`"],
        ),
    ]);
}

#[test]
fn keys_are_of_a_known_kind() {
    check([
        pki("key = ▸\"rsa\"", &["`rsa` is no kind of key", "\"p256\"", "\"rsa2048\""]),
        pki("key = ▸\"rsa1024\"", &["`rsa1024` is no kind of key"]),
        pki("key = ▸\"\"", &["no kind of key"]),
    ]);
}

#[test]
fn server_names_are_names() {
    check([
        pki("server_names = [▸\"*.*.example.org\"]", &["in `server_names`"]),
        pki(
            "server_names = [\"*.example.org\", ▸\"*.example.org\"]",
            &["`*.example.org` is there twice in `server_names`"],
        ),
    ]);
}

#[test]
fn versions_are_ones_that_can_be_driven() {
    check([
        etcd("version = ▸\"latest\"", &["`latest` is no etcd version", "such as \"3.7.3\""]),
        etcd("version = ▸\"3.7\"", &["`3.7` is no etcd version"]),
        etcd("version = ▸\"3.4.30\"", &["etcd 3.4.30 is not supported", "3.5, 3.6 and 3.7"]),
        etcd("version = ▸\"4.0.0\"", &["etcd 4.0.0 is not supported"]),
        etcd("version = ▸\"3.5.1\"", &["etcd 3.5.1 is not safe to run"]),
        etcd("version = ▸\"3.7.0\"", &["etcd 3.7.0 is not safe to run"]),
        etcd("version = ▸\"3.7.4-rc.0\"", &["3.7.4-rc.0 is a pre-release"]),
    ]);
}

#[test]
fn times_are_ones_that_etcd_takes() {
    check([
        etcd("heartbeat = ▸\"fast\"", &["`heartbeat` = \"fast\"", "such as \"100ms\""]),
        etcd("heartbeat = ▸\"1ms\"", &["`heartbeat` = \"1ms\" is out of range", "\"5ms\""]),
        etcd("election = ▸\"51s\"", &["`election` = \"51s\" is out of range", "\"50s\""]),
        etcd("auto_compaction = ▸\"1s\"", &["`auto_compaction` = \"1s\" is out of range", "at least \"1m\""]),
        etcd(
            "heartbeat = \"100ms\"\nelection = ▸\"499ms\"",
            &["less than five times `heartbeat`", "election = \"1s\""],
        ),
    ]);
}

/// Where `election` is not written, the place is that of the table.
#[test]
fn a_heartbeat_can_be_too_long_for_the_default_election() {
    let text =
        "[zone]\nname = \"example.zone\"\n[[node]]\nname = \"node1\"\n▸[etcd]\nheartbeat = \"300ms\"\n";
    check([super::fault(text, &["less than five times `heartbeat`", "election = \"3s\""])]);
}

#[test]
fn sizes_and_words_are_checked() {
    check([
        etcd("quota = ▸\"many\"", &["`quota` = \"many\" is no size", "such as \"8GiB\""]),
        etcd("quota = ▸\"1MiB\"", &["`quota` = \"1MiB\" is below 16 MiB"]),
        etcd("quota = ▸\"1TiB\"", &["above 100 GiB"]),
        etcd(
            "tls_min_version = ▸\"1.1\"",
            &["`tls_min_version` = \"1.1\" is not offered", "\"1.2\" or \"1.3\""],
        ),
        etcd("token = ▸\"\"", &["`token` = \"\" is empty", "1 to 255"]),
        etcd("token = ▸\"two words\"", &["`token` = \"two words\"", "has blanks"]),
        etcd("token = ▸\"schlüssel\"", &["visible ASCII"]),
    ]);
    check([etcd(&format!("token = ▸\"{}\"", "t".repeat(256)), &["too long", "1 to 255"])]);
}

#[test]
fn a_kept_variable_is_named_exactly_and_is_not_etcds() {
    check([
        etcd(
            "keep_environment = [▸\"ETCD_NAME\"]",
            &["`ETCD_NAME` would change etcd beside its flags", "[etcd.flags]"],
        ),
        etcd("keep_environment = [▸\"GO*\"]", &["`GO*` is not a valid name", "stands for itself alone"]),
        etcd("keep_environment = [▸\"\"]", &["`` is not a valid name"]),
        etcd("keep_environment = [\"GOGC\", ▸\"GOGC\"]", &["`GOGC` is there twice", "remove one"]),
        etcd("core_dumps = ▸\"no\"", &["`core_dumps` in [etcd] is a string", "without quotes"]),
    ]);
}

/// etcd and Go take them, and some clients do not.
#[test]
fn a_kind_of_key_that_some_clients_refuse_is_a_warning() {
    let text = zone_with("[pki]\nkey = ▸\"ed25519\"\n");
    warning(&text, &["BoringSSL", "grpcio", "Java before 16", "\"p256\""]);
    let zone = TestZone::described(&text.replace('▸', ""));
    zone.run(&["init"]).expect_code(0).expect_error_with(&["warning: ", "grpcio"]);
}

#[test]
fn a_client_has_not_the_name_of_a_node() {
    let text = "[zone]\nname = \"example.zone\"\n[pki]\nclients = [\"Node1.example.zone\"]\n\
                [[node]]\nname = ▸\"node1\"\naddress = \"10.0.1.10\"\n";
    check([fault(text.to_owned(), &["has the name of the node node1.example.zone", "another name"])]);
    let zone = TestZone::init("example.zone", &["node1=127.0.0.1"]);
    let told = zone.run(&["pki", "issue", "--client", "node1.example.zone"]).expect_code(64);
    told.expect_error_with(&["is the name of the node node1", "another name"]);
}
