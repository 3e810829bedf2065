//! What is on disk: space, damage, data that differs, data of another version.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "data-differs-between-members",
        harm: Harm::Data,
        patterns: &[
            "found data inconsistency with peers",
            "found different hash values from remote peer",
            "found hash mismatch",
            "revision from follower must be less than or equal to leader's",
            "same compact revision then hashes must match",
            "found compaction hash mismatch",
            "Detected compaction hash mismatch",
            "etcdserver: corrupt cluster",
            "alarm:CORRUPT",
            "alarm=CORRUPT",
        ],
        fields: &["remote-peer-id"],
        ..Row::NONE
    },
    Row {
        id: "log-lost-on-rejoin",
        harm: Harm::Data,
        patterns: &["tocommit({commit}) is out of range [lastIndex({last})]"],
        ..Row::NONE
    },
    Row {
        id: "unreadable-record-of-older-version",
        harm: Harm::Data,
        patterns: &["unmarshal should never fail (proto"],
        ..Row::NONE
    },
    Row {
        id: "data-of-newer-version",
        harm: Harm::Member,
        patterns: &[
            "version \"{version}\" is not supported",
            "invalid downgrade; server version is lower than determined cluster \
             version*determined-cluster-version={version}",
        ],
        ..Row::NONE
    },
    Row {
        id: "cluster-of-newer-version",
        harm: Harm::Member,
        patterns: &[
            "cluster version of remote member is not compatible",
            "incompatible with current running cluster",
            "ignored by remote peer due to server version incompatibility",
            "remotes server has mismatching etcd version",
            "leader found higher-versioned member",
        ],
        ..Row::NONE
    },
    Row {
        id: "write-ahead-log-damaged",
        harm: Harm::Data,
        patterns: &[
            "walpb: crc mismatch",
            "wal: file not found",
            "panic: cannot use none as id",
            "wal: crc mismatch",
            "wal: max entry size limit exceeded",
            "wal: slice bounds out of range",
            "wal: conflicting metadata found",
            "wal: unexpected end of file",
            "failed to read WAL, cannot be repaired",
            "failed to open WAL",
            "failed to seek an initial WAL file",
            "verification of persisted state failed",
        ],
        ..Row::NONE
    },
    Row {
        id: "write-ahead-log-repaired",
        harm: Harm::Data,
        patterns: &["ignored file in WAL directory*path={file}.broken", "repaired WAL", "WAL repair"],
        at_info: true,
        ..Row::NONE
    },
    Row {
        id: "database-damaged",
        harm: Harm::Data,
        patterns: &[
            "both meta pages are invalid",
            "failed to open database*error=invalid database",
            "failed to map db file ({file})",
            "failed to open database*error=file size too small",
            "failed to open database*error=checksum error",
            "failed to open database*error=version mismatch",
            "file size too small",
            "panic: failed to open database",
            "Opening bbolt db ({file}) failed: invalid",
            "assertion failed: Page expected to be",
            "panic: page {page} already freed",
            "panic: freepages: failed to get all reachable pages",
            "invalid freelist page",
        ],
        ..Row::NONE
    },
    Row {
        id: "snapshot-damaged",
        harm: Harm::Data,
        patterns: &[
            "failed to recover v3 backend from snapshot",
            "failed to find [SNAPSHOT-INDEX].snap.db",
            "snap file is corrupt",
            "snap: empty snapshot",
            "snap: crc mismatch",
            "renamed to a broken snap file",
            "failed to read a snap file",
            "failed to read empty snapshot",
        ],
        ..Row::NONE
    },
    Row {
        id: "snapshot-file-not-whole",
        harm: Harm::Refusal,
        patterns: &[
            "snapshot missing hash but",
            "expected sha256 [",
            "snapshot file integrity",
            "invalid snapshot",
        ],
        ..Row::NONE
    },
    Row {
        id: "disk-full",
        harm: Harm::Outage,
        patterns: &["no space left on device", "writeAt failed, offset: * 28})", "disk quota exceeded"],
        ..Row::NONE
    },
    Row {
        id: "read-only-file-system",
        harm: Harm::Member,
        patterns: &["read-only file system"],
        ..Row::NONE
    },
    Row {
        id: "database-quota-reached",
        harm: Harm::Outage,
        patterns: &[
            "mvcc: database space exceeded",
            "alarm:NOSPACE",
            "message exceeded backend quota; raising alarm",
            "alarm raised*alarm=NOSPACE",
            "serving /health false due to an alarm*NOSPACE",
            "etcdserver: no space",
        ],
        ..Row::NONE
    },
    Row {
        id: "quota-too-large",
        harm: Harm::Notice,
        patterns: &["quota exceeds the maximum value"],
        ..Row::NONE
    },
    Row {
        id: "data-directory-locked",
        harm: Harm::Member,
        patterns: &["db file is flocked by another process", "failed to open database*error=timeout"],
        at_info: true,
        ..Row::NONE
    },
    Row {
        id: "data-directory-open-to-others",
        harm: Harm::Notice,
        patterns: &["check file permission*directory \"{directory}\" exist, but the permission is"],
        ..Row::NONE
    },
];
