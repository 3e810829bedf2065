//! Where a nameservice is: what can be written, and what is said of the rest.

use std::path::Path;

use nameservice::Base;

#[test]
fn each_form_is_read_and_written_with_its_port() {
    for (text, shown) in [
        ("https://ns.example.zone", "https://ns.example.zone:3456"),
        ("https://10.0.1.5:4000/", "https://10.0.1.5:4000"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]:3456"),
        ("https://[2001:db8::1]:1", "https://[2001:db8::1]:1"),
        ("http://127.0.0.1", "http://127.0.0.1:3456"),
        ("http://127.3.2.1:80", "http://127.3.2.1:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("file:/srv/zone.json", "file:/srv/zone.json"),
        ("file:///srv/zone.json", "file:///srv/zone.json"),
    ] {
        let base = Base::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!(base.relative_to(Path::new("/etc/zone")).to_string(), shown, "{text}");
    }
    let file = Base::parse("file:zone.json").expect("a base");
    assert_eq!(file.relative_to(Path::new("/etc/zone")).to_string(), "file:/etc/zone/zone.json");
}

#[test]
fn what_is_no_base_says_what_to_write() {
    for (text, what) in [
        ("", "is not the URL of a nameservice"),
        ("10.0.1.5:3456", "is not the URL of a nameservice"),
        ("ftp://10.0.1.5", "is not the URL of a nameservice"),
        ("HTTPS://10.0.1.5", "is not the URL of a nameservice"),
        ("http://10.0.1.5", "is plain text to another machine"),
        ("http://ns.example.zone", "is plain text to another machine"),
        ("http://[2001:db8::1]", "is plain text to another machine"),
        ("http://localhost:3456", "localhost"),
        ("https://10.0.1.5/zone", "more than a host and a port"),
        ("https://user@10.0.1.5", "more than a host and a port"),
        ("https://10.0.1.5?name=x", "more than a host and a port"),
        ("https://10.0.1.5:0", "0 is no port"),
        ("https://10.0.1.5:65536", "is no port"),
        ("https://0.0.0.0", "is no address that another node can dial"),
        ("https://", ""),
        ("file:", "names no file"),
        ("file://host/zone.json", "names another machine"),
    ] {
        let fault = Base::parse(text).expect_err(text);
        assert!(fault.what.contains(what), "{text}: {}", fault.what);
        assert!(!fault.instead.is_empty(), "{text}");
    }
}
