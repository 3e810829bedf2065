//! Bundles that were cut off or changed on the way, or are something else.

use std::io::Read;

use super::sound::Sound;
use super::{Expected, Refused, Row, Taken, row};

const NO_BUNDLE: Expected = Refused(65, "it is no bundle");
const CUT: Expected = Refused(65, "it is cut off");
const CHANGED: Expected = Refused(65, "it was cut off or changed after it was made");

pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("as it was made", Taken, |sound| sound.next.clone()),
        row("the active one again", Taken, |sound| sound.active.clone()),
        row("nothing", Refused(65, "it is empty"), |_| Vec::new()),
        row("another node's", Refused(65, "is for node2.example.zone"), |sound| sound.other.clone()),
        row("another zone's", Refused(65, "was signed by another CA than"), |sound| sound.elsewhere.clone()),
        row("a bit of the magic number", NO_BUNDLE, |sound| flipped(sound, 0)),
        row("a bit of the first block", CHANGED, |sound| flipped(sound, 12)),
        row("a bit of the checksum", CHANGED, |sound| flipped(sound, sound.next.len() - 1)),
        row("a byte more", Refused(65, "what follows its last file is not the end"), |sound| {
            followed(sound, b"x")
        }),
        row("zeros more", Refused(65, "what follows its last file is not the end"), |sound| {
            followed(sound, &[0; 4096])
        }),
        row("twice", Refused(65, "something follows"), |sound| followed(sound, &sound.next)),
        row("two bundles in one", Refused(65, "something follows"), |sound| followed(sound, &sound.other)),
        row("PEM", Refused(65, "it is a PEM file"), |_| b"-----BEGIN CERTIFICATE-----\n".to_vec()),
        row("JSON", NO_BUNDLE, |_| b"{\"name\": \"node1.example.zone\"}".to_vec()),
        row("gzip", NO_BUNDLE, |_| vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
        row("PKZIP", NO_BUNDLE, |_| b"PK\x03\x04 and more".to_vec()),
        row("tar that is not compressed", NO_BUNDLE, |sound| uncompressed(&sound.next)),
        row("compressed twice", Refused(65, "its archive is not one of ours"), |sound| {
            compressed(&sound.next)
        }),
        row("zstd of nothing", CUT, |_| compressed(&[])),
        row("zstd of a quarter of a gigabyte of zeros", Refused(65, "manifest.json is missing"), |_| {
            zstd::encode_all(std::io::repeat(0).take(1 << 28), 1).expect("zstd")
        }),
        row("zstd that wants two gigabytes of memory", CHANGED, |_| {
            // Window_Descriptor 0xa8: 2^(10 + 21) bytes (RFC 8878, 3.1.1.1.2); then one empty block, the
            // last.
            [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0, 0].repeat(100)
        }),
        row("sixteen megabytes of zeros", NO_BUNDLE, |_| vec![0; 16 << 20]),
    ];
    // Bundles are some five thousand bytes long.
    rows.extend([1, 3, 4, 5, 17, 500, 2000, 4000].map(|length| {
        row(format!("the first {length} bytes"), CUT, move |sound| sound.next[..length].to_vec())
    }));
    rows.push(row("all but the last byte", CUT, |sound| sound.next[..sound.next.len() - 1].to_vec()));
    rows
}

fn flipped(sound: &Sound, place: usize) -> Vec<u8> {
    let mut bytes = sound.next.clone();
    bytes[place] ^= 0x10;
    bytes
}

fn followed(sound: &Sound, by: &[u8]) -> Vec<u8> {
    [&sound.next, by].concat()
}

fn uncompressed(bytes: &[u8]) -> Vec<u8> {
    zstd::decode_all(bytes).expect("zstd")
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("zstd")
}
