//! The beginning of a write-ahead log as etcd writes it, for a data directory without etcd.

use std::path::Path;

/// Writes `member/wal` of a data directory that belongs to a member.
///
/// A log starts with a checksum record (type 4) and the metadata record (type 1), each a frame of its length,
/// eight bytes little endian, and a protobuf message (`server/storage/wal` in etcd).
pub fn write_log(data: &Path, member: u64, cluster: u64) {
    write_log_with(data, member, cluster, &[]);
}

/// The same with further records, each with its type and its message.
pub fn write_log_with(data: &Path, member: u64, cluster: u64, records: &[(u64, Vec<u8>)]) {
    write_segment(data, "0000000000000000-0000000000000000.wal", 0, (member, cluster), records);
}

/// Writes one file of the log, which goes on with a checksum, and returns the one that it ends with.
pub fn write_segment(
    data: &Path,
    name: &str,
    mut crc: u32,
    (member, cluster): (u64, u64),
    records: &[(u64, Vec<u8>)],
) -> u32 {
    let directory = data.join("member").join("wal");
    std::fs::create_dir_all(&directory).expect("the log's directory");
    let metadata = [field(1, &varint(member)), field(2, &varint(cluster))].concat();
    let mut bytes = framed(&record(4, crc, None));
    for (kind, message) in [(1, metadata)].iter().chain(records) {
        crc = crc32c(crc, message);
        bytes.extend(framed(&record(*kind, crc, Some(message))));
    }
    std::fs::write(directory.join(name), bytes).expect("the log");
    crc
}

/// CRC-32C, bit by bit.
fn crc32c(before: u32, bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!before, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    })
}

/// An entry (type 2) with its index and data.
pub fn entry(index: u64, data: &[u8]) -> (u64, Vec<u8>) {
    entry_of(2, index, data)
}

/// The same of another term.
pub fn entry_of(term: u64, index: u64, data: &[u8]) -> (u64, Vec<u8>) {
    (2, [field(1, &[0]), field(2, &varint(term)), field(3, &varint(index)), bytes_field(4, data)].concat())
}

/// The state (type 3), by which so many entries are committed.
pub fn committed(index: u64) -> (u64, Vec<u8>) {
    (3, [field(1, &varint(2)), field(2, &varint(1)), field(3, &varint(index))].concat())
}

/// A snapshot up to an index (type 5).
pub fn snapshot(index: u64) -> (u64, Vec<u8>) {
    (5, [field(1, &varint(index)), field(2, &varint(2))].concat())
}

/// A request as etcd 2 and 3.5 write it: every field, whether it is set or not.
pub fn old_request(method: &str, path: &str) -> Vec<u8> {
    let text = |number, text: &str| bytes_field(number, text.as_bytes());
    let number = |number| field(number, &[0]);
    [
        field(1, &varint(7)),
        text(2, method),
        text(3, path),
        text(4, "value"),
        number(5),
        text(6, ""),
        number(7),
        number(9),
    ]
    .concat()
}

/// A put as etcd 3 writes it.
pub fn put_request() -> Vec<u8> {
    let put = [bytes_field(1, b"/0/key"), bytes_field(2, &[0x2f; 40])].concat();
    [field(1, &varint(7)), bytes_field(4, &put)].concat()
}

/// A request of etcd 2 within one of etcd 3.
pub fn wrapped(request: &[u8]) -> Vec<u8> {
    bytes_field(2, request)
}

fn bytes_field(number: u8, value: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2], varint(value.len() as u64).as_slice(), value].concat()
}

fn record(kind: u64, crc: u32, data: Option<&[u8]>) -> Vec<u8> {
    let mut message = [field(1, &varint(kind)), field(2, &varint(crc.into()))].concat();
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
