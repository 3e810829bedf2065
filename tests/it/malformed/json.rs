//! Local configs. What each key may be is in `local_config`, through the parser.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sys::stat::Mode;

use super::{Expected, Refused, each};
use crate::support::{Asked, Refusal, StandIn};

/// One `node.json`.
pub struct JsonRow {
    pub name: &'static str,
    make: fn(&Path),
    expected: Expected,
}

/// A config that lacks nothing but its certificates, with `$` where a row adds something.
const SOUND: &str = r#"{"name": "node1.example.zone", "ca": "ca.crt", "cert": "node.crt", "key": "node.key",
 "etcd": [{"node_name": "node1.example.zone", "address": "192.0.2.1"$}]$}"#;

pub fn rows() -> Vec<JsonRow> {
    let row = |name, code, phrase, make| JsonRow { name, make, expected: Refused(code, phrase) };
    vec![
        row("as it should be, without its certificates", 65, "is not there", |file| {
            write(file, with("", ""))
        }),
        row("nothing", 78, "is empty", |file| write(file, "")),
        row("blanks", 78, "is empty", |file| write(file, " \n\t")),
        row("cut in the middle", 78, "this is not JSON", |file| write(file, &with("", "")[..90])),
        row("something behind it", 78, "this is not JSON", |file| write(file, with("", "") + "}")),
        row("two documents", 78, "this is not JSON", |file| write(file, with("", "").repeat(2))),
        row("a list", 78, "the file is a list, not an object", |file| write(file, "[]")),
        row("a comment", 78, "this is not JSON: comments", |file| write(file, with("", "") + "// mine\n")),
        row("a comma too many", 78, "this is not JSON: trailing commas", |file| write(file, with("", ","))),
        row("single quotes", 78, "this is not JSON", |file| write(file, with("", "").replace('"', "'"))),
        row("a line break in a text", 78, "this is not JSON", |file| {
            write(file, with("", "").replacen("ca.crt", "ca\n.crt", 1))
        }),
        row(
            "the lines of PEM as they are",
            78,
            "a line break or another control character in a text",
            |file| {
                write(
                    file,
                    with("", "").replacen(
                        "ca.crt",
                        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n",
                        1,
                    ),
                );
            },
        ),
        row("a tab in a text", 78, "control character in a text", |file| {
            write(file, with("", "").replacen("ca.crt", "ca\t.crt", 1));
        }),
        row("NaN", 78, "this is not JSON", |file| write(file, with(r#", "peer_port": NaN"#, ""))),
        row("a byte order mark", 78, "begins with a byte order mark", |file| {
            write(file, format!("\u{feff}{}", with("", "")))
        }),
        row("UTF-16", 78, "is not UTF-8", |file| {
            let text = with("", "");
            write(
                file,
                [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
            );
        }),
        row("half of a surrogate", 78, "this is not JSON", |file| {
            write(file, with("", "").replacen("ca.crt", "\\ud800", 1))
        }),
        row("a NUL in a path", 78, "`ca` is neither PEM nor a path", |file| {
            write(file, with("", "").replacen("ca.crt", "ca\\u0000.crt", 1));
        }),
        row("a key twice", 78, "`key` is there twice", |file| {
            write(file, with("", r#", "key": "other.key""#))
        }),
        row("a key twice, once escaped", 78, "`key` is there twice", |file| {
            write(file, with("", r#", "\u006bey": "other.key""#));
        }),
        row("a key of a member twice", 78, "`address` is there twice", |file| {
            write(file, with(r#", "address": "192.0.2.2""#, ""));
        }),
        row("an unknown key twice", 78, "`colour` is there twice", |file| {
            write(file, with("", r#", "colour": 1, "colour": 2"#))
        }),
        row("a member twice", 78, "two nodes are called", |file| {
            write(file, with(r#"}, {"node_name": "node1.example.zone", "address": "192.0.2.2""#, ""));
        }),
        row("a hundred thousand lists", 78, "maximum nesting depth", |file| write(file, "[".repeat(100_000))),
        row("a hundred thousand objects", 78, "maximum nesting depth", |file| {
            write(file, "{\"name\":".repeat(100_000))
        }),
        row("nested deep under an unknown key", 78, "maximum nesting depth", |file| {
            let deep = "[".repeat(100_000) + &"]".repeat(100_000);
            write(file, with("", &format!(r#", "colour": {deep}"#)));
        }),
        row("a port that no computer counts to", 78, "is too large", |file| {
            write(file, with(r#", "peer_port": 99999999999999999999999"#, ""));
        }),
        row("a port of many digits", 78, "is no port", |file| {
            write(file, with(r#", "peer_port": 65536"#, ""))
        }),
        row("a name of a megabyte", 78, "more than 1048576 bytes", |file| {
            write(file, with("", "").replacen("node1", &"n".repeat(1 << 20), 1));
        }),
        row("a name of half a megabyte", 78, "node name", |file| {
            write(file, with("", "").replacen("node1", &"n".repeat(1 << 19), 1));
        }),
        row("a hundred megabytes", 78, "more than 1048576 bytes", |file| {
            File::create(file).and_then(|made| made.set_len(100 << 20)).expect("a file");
        }),
        row("a hundred gigabytes of nothing", 78, "more than 1048576 bytes", |file| {
            File::create(file).and_then(|made| made.set_len(100 << 30)).expect("a file");
        }),
        row("a certificate of a hundred gigabytes", 65, "`ca` (", |file| {
            write(file, with("", ""));
            let huge = File::create(file.with_file_name("ca.crt"));
            huge.and_then(|made| made.set_len(100 << 30)).expect("a file");
        }),
        row("a named pipe", 78, "it is a pipe or a device", make_pipe),
        row("a certificate that is a named pipe", 65, "it is not a regular file", |file| {
            write(file, with("", ""));
            make_pipe(&file.with_file_name("node.crt"));
        }),
        row(
            "a certificate without an end",
            65,
            "`ca` (/dev/zero) cannot be read: it is not a regular file",
            |file| {
                write(file, with("", "").replacen("ca.crt", "/dev/zero", 1));
            },
        ),
        row("a directory", 65, "is a directory", |file| fs::create_dir(file).expect("a directory")),
        row("a link that leads nowhere", 66, "cannot read", |file| {
            std::os::unix::fs::symlink("nowhere", file).expect("a link");
        }),
        row("a link to itself", 65, "cannot read", |file| {
            std::os::unix::fs::symlink("node.json", file).expect("a link");
        }),
    ]
}

/// The sound config with something more in its member, and at its end.
fn with(member: &str, end: &str) -> String {
    SOUND.replacen('$', member, 1).replacen('$', end, 1)
}

fn write(file: &Path, text: impl AsRef<[u8]>) {
    fs::write(file, text).expect("node.json");
}

fn make_pipe(path: &Path) {
    nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe");
}

#[test]
fn local_configs_that_are_none() {
    each(&rows(), |row| row.name, JsonRow::check);
}

impl JsonRow {
    fn check(&self) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o700)).expect("its mode");
        let file = directory.path().join("node.json");
        (self.make)(&file);
        let before = names(directory.path());
        let place = tempfile::tempdir().expect("a temporary directory");
        let etcd = StandIn::new(place.path(), "3.7.3");
        let told = Asked::config(&file, &etcd).one_verdict();
        if let Refused(code, phrase) = self.expected {
            told.expect_refusal(code, &[phrase]);
        }
        assert_eq!(names(directory.path()), before, "something was written");
    }
}

/// What is there but for the lock, which a start takes first. The contents are too large to be compared.
fn names(directory: &Path) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(directory).expect("the directory");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    names.retain(|name| name != "lock");
    names.sort();
    names
}
