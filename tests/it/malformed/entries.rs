//! Archives with entries that no bundle has. The zone's own root has signed them, so that nothing but the
//! entry is wrong.

use tar::EntryType;

use super::{Refused, Row, row};
use crate::bundle::forged_archive::{Archive, all, append, append_kind};

/// Paths that lead elsewhere, or nowhere that a bundle writes to.
const PATHS: [&str; 22] = [
    "../x",
    "../../../etc/cron.d/x",
    "pki/../x",
    "/etc/passwd",
    "pki//x",
    "pki/",
    "",
    ".",
    "..",
    "pki/.hidden",
    "pki/a/b",
    "state.json",
    "node.json",
    "data/member/wal/x",
    "bin/a/b",
    "bin/ls",
    "libexec/x",
    "libexec/zone-etcd/3.7.3/ls",
    "libexec/zone-etcd/../../x",
    "pki/a\nb",
    "pki/\u{e4}",
    "pki/a\\b",
];

const KINDS: [(EntryType, &str); 11] = [
    (EntryType::Symlink, "is a symbolic link"),
    (EntryType::Link, "is a hard link"),
    (EntryType::Char, "is a device"),
    (EntryType::Block, "is a device"),
    (EntryType::Fifo, "is a named pipe"),
    (EntryType::Directory, "is a directory"),
    (EntryType::XHeader, "is an extended header"),
    (EntryType::XGlobalHeader, "is an extended header"),
    (EntryType::GNULongName, "is an extension of GNU"),
    (EntryType::GNUSparse, "is an extension of GNU"),
    (EntryType::Continuous, "is of an unknown kind"),
];

pub fn rows() -> Vec<Row> {
    let paths = PATHS.map(|path| {
        row(
            format!("the path {path:?} in the manifest"),
            Refused(65, "is not one that a bundle may write to"),
            move |sound| {
                let mut archive = sound.archive();
                archive.files[3].0 = path.to_owned();
                archive.manifest["files"] = archive.listed();
                archive.bytes(all)
            },
        )
    });
    // The fourth file: the first three are written when it is found.
    let kinds = KINDS.map(|(kind, what)| {
        row(format!("an entry that {what} ({kind:?})"), Refused(65, what), move |sound| {
            sound.archive().bytes(|builder, archive| replaced(builder, archive, kind))
        })
    });
    let others = [
        row("a path that the manifest does not list", Refused(65, "is not in the manifest"), |sound| {
            sound.archive().bytes(|builder, archive| {
                append(builder, "../x", b"x", 0o644);
                all(builder, archive);
            })
        }),
        row("one more file at the end", Refused(65, "\"pki/more.crt\" is not in the manifest"), |sound| {
            sound.archive().bytes(|builder, archive| {
                all(builder, archive);
                append(builder, "pki/more.crt", b"x", 0o644);
            })
        }),
        row("one file less", Refused(65, "pki/node.json is missing"), |sound| {
            in_order(&sound.archive(), |order| {
                order.pop();
            })
        }),
        row("two files exchanged", Refused(65, "is in the place of"), |sound| {
            in_order(&sound.archive(), |order| {
                order.swap(3, 4);
            })
        }),
        row("one file twice", Refused(65, "is there twice"), |sound| {
            in_order(&sound.archive(), |order| {
                order.insert(4, 3);
            })
        }),
        row("a file that was changed", Refused(65, "its digest is not that of the manifest"), |sound| {
            let mut archive = sound.archive();
            archive.files[6].1[20] ^= 1;
            archive.bytes(all)
        }),
        row("a file that grew", Refused(65, "in the manifest"), |sound| {
            let mut archive = sound.archive();
            archive.files[6].1.push(b'x');
            archive.bytes(all)
        }),
        row("a key that others may read", Refused(65, "has mode 0644, and 0600 in the manifest"), |sound| {
            let mut archive = sound.archive();
            let key = archive.files.iter_mut().find(|(path, ..)| path == "pki/peer.key").expect("a key");
            key.2 = 0o644;
            archive.bytes(all)
        }),
        row("a set-user-ID program", Refused(65, "has mode 4755"), |sound| {
            let mut archive = sound.archive();
            archive.files.push(("bin/zone-etcd".to_owned(), vec![7; 1000], 0o755));
            archive.manifest["files"] = archive.listed();
            if let Some(program) = archive.files.last_mut() {
                program.2 = 0o4755;
            }
            archive.bytes(all)
        }),
        row("a head that claims a terabyte", Refused(65, "bytes, of at most"), |_| {
            let mut block = tar::Header::new_ustar();
            block.set_path("manifest.json").expect("a path");
            block.set_size(1 << 40);
            block.set_mode(0o644);
            block.set_cksum();
            zstd::encode_all(block.as_bytes().as_slice(), 1).expect("zstd")
        }),
        row("a program that is not whole", Refused(65, "in the manifest"), |sound| {
            let mut archive = sound.archive();
            archive.files.push(("bin/zone-etcd".to_owned(), vec![7; 100_000], 0o755));
            archive.manifest["files"] = archive.listed();
            if let Some(program) = archive.files.last_mut() {
                program.1.truncate(50_000);
            }
            archive.bytes(all)
        }),
    ];
    paths.into_iter().chain(kinds).chain(others).collect()
}

fn replaced(builder: &mut tar::Builder<Vec<u8>>, archive: &Archive, kind: EntryType) {
    for (index, (path, bytes, mode)) in archive.files.iter().enumerate() {
        let kind = if index == 3 { kind } else { EntryType::Regular };
        append_kind(builder, path, bytes, *mode, kind);
    }
}

/// The files in another order than that of the manifest.
fn in_order(archive: &Archive, change: impl Fn(&mut Vec<usize>)) -> Vec<u8> {
    let mut order: Vec<usize> = (0..archive.files.len()).collect();
    change(&mut order);
    archive.bytes(|builder, archive| {
        for index in order {
            let (path, bytes, mode) = &archive.files[index];
            append(builder, path, bytes, *mode);
        }
    })
}
