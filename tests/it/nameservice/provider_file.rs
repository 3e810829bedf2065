//! The file that tells a nameservice of the zone's etcd.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use model::formats::NameserviceProviderFault as Fault;
use nameservice::{NameserviceProvider, ProviderError, read_provider, write_provider};

fn provider(endpoints: &[&str], ca: &str) -> Result<NameserviceProvider, Fault> {
    let endpoints = endpoints.iter().map(|endpoint| (*endpoint).to_owned()).collect();
    NameserviceProvider::new(
        endpoints,
        PathBuf::from(ca),
        PathBuf::from("/n/c.crt"),
        PathBuf::from("/n/c.key"),
    )
}

#[test]
fn what_is_written_is_read_and_private() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("nameservice.json");
    let first = provider(&["https://10.0.0.1:2379"], "/n/ca.crt").expect("a provider");
    write_provider(&file, &first).expect("it is written");
    let other = provider(&["https://n1.example.zone:2379", "https://[::1]:2379"], "/n/ca.crt");
    let other = other.expect("a provider");
    write_provider(&file, &other).expect("it is written");
    assert_eq!(read_provider(&file).expect("a provider"), other);
    assert_eq!(file.metadata().expect("the file").permissions().mode() & 0o777, 0o600);
    let value: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).expect("the file")).expect("JSON");
    assert_eq!(
        value,
        serde_json::json!({
            "version": 1, "endpoints": ["https://n1.example.zone:2379", "https://[::1]:2379"],
            "ca": "/n/ca.crt", "cert": "/n/c.crt", "key": "/n/c.key"
        })
    );
    let names: Vec<_> = std::fs::read_dir(directory.path()).expect("the directory").collect();
    assert_eq!(names.len(), 1, "nothing stays beside it");
}

#[test]
fn what_is_no_provider_is_refused_by_its_fault() {
    assert_eq!(provider(&[], "/ca"), Err(Fault::NoEndpoints));
    for endpoint in
        ["http://10.0.0.1:2379", "https://10.0.0.1", "10.0.0.1:2379", "https://a:b:1", "https://:1"]
    {
        assert_eq!(provider(&[endpoint], "/ca"), Err(Fault::Endpoint(endpoint.to_owned())));
    }
    let relative = Fault::Relative { key: "ca", path: PathBuf::from("ca.crt") };
    assert_eq!(provider(&["https://10.0.0.1:2379"], "ca.crt"), Err(relative));

    let good = r#"{"version":1,"endpoints":["https://a:1"],"ca":"/a","cert":"/b","key":"/c"}"#;
    let parse = |text: &str| NameserviceProvider::parse(text.as_bytes());
    parse(good).expect("a provider");
    assert_eq!(parse(&good.replace("\"version\":1", "\"version\":2,\"x\":{}")), Err(Fault::Version(2)));
    for damaged in
        ["", "{", "[]", "{}", &good.replace("\"key\"", "\"keys\""), &good.replace("[\"", "[\"\", 1, \"")]
    {
        assert!(matches!(parse(damaged), Err(Fault::Damaged(_))), "{damaged}");
    }
    let absent = read_provider(&PathBuf::from("/nonexistent/nameservice.json"));
    assert!(matches!(absent, Err(ProviderError::Read { .. })), "{absent:?}");
}
