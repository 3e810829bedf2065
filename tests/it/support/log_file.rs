//! The beginning of a write-ahead log as etcd writes it, for a data directory without etcd.

use std::path::Path;

/// Writes `member/wal` of a data directory that belongs to a member.
///
/// A log starts with a checksum record (type 4) and the metadata record (type 1), each a frame of its length, eight bytes
/// little endian, and a protobuf message (`server/storage/wal` in etcd).
pub fn write_log(data: &Path, member: u64, cluster: u64) {
    let directory = data.join("member").join("wal");
    std::fs::create_dir_all(&directory).expect("the log's directory");
    let metadata = [field(1, &varint(member)), field(2, &varint(cluster))].concat();
    let mut bytes = framed(&record(4, None));
    bytes.extend(framed(&record(1, Some(&metadata))));
    std::fs::write(directory.join("0000000000000000-0000000000000000.wal"), bytes).expect("the log");
}

fn record(kind: u64, data: Option<&[u8]>) -> Vec<u8> {
    let mut message = [field(1, &varint(kind)), field(2, &varint(0))].concat();
    if let Some(data) = data {
        message.push(3 << 3 | 2);
        message.extend(varint(data.len() as u64));
        message.extend(data);
    }
    message
}

/// A frame is padded to eight bytes; the top byte of its length says by how much.
fn framed(message: &[u8]) -> Vec<u8> {
    let padding = (8 - message.len() % 8) % 8;
    let mut length = message.len() as u64;
    if padding > 0 {
        length |= (0x80 | padding as u64) << 56;
    }
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(message);
    bytes.extend(vec![0; padding]);
    bytes
}

fn field(number: u8, value: &[u8]) -> Vec<u8> {
    [&[number << 3], value].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
