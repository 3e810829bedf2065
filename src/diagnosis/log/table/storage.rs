//! What is on disk: space, damage, data that differs, data of another version.

use crate::diagnosis::log::explanation::{Explanation, Harm};

pub(super) const ROWS: &[Explanation] = &[
    Explanation {
        id: "data-differs-between-members",
        title: "a member's data differs from the others'",
        cause: "a corruption check compared hashes of the data at one revision and they differ: a member \
                 was emptied and started again with its old identity, a disk or an early etcd (3.5.0 to \
                 3.5.2) damaged data, or files were copied",
        why_it_matters: "the same read gives different answers on different members, and nobody knows which is \
                 right",
        remedy: "find the odd one out with `zone-etcd ctl -- endpoint hashkv --cluster`, stop it, take it \
                 out with `zone-etcd ctl -- member remove ID`, and let it join again with an empty data \
                 directory (`zone-etcd run --move-data-aside` on the node); if no two members \
                 agree, restore a snapshot",
        harm: Harm::Data,
        page: "data-differs",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "log-lost-on-rejoin",
        title: "the member's own log is shorter than what it has acknowledged to the leader",
        cause: "its data directory was emptied or replaced by an older copy, and it was started with its \
                 old identity",
        why_it_matters: "it has lost its votes; etcd ends here to protect the others, and starting it as new \
                 instead can lose acknowledged writes",
        remedy: "take the member out and add it again: `zone-etcd ctl -- member remove ID`, `zone-etcd ctl -- \
                 member add NODE --learner --peer-urls=URL`, then `zone-etcd run --move-data-aside` on \
                 the node, then `zone-etcd ctl -- member promote ID` once it has caught up",
        harm: Harm::Data,
        page: "forgotten-votes",
        patterns: &["tocommit({commit}) is out of range [lastIndex({last})]"],
        ..Explanation::ROW
    },
    Explanation {
        id: "unreadable-record-of-older-version",
        title: "etcd 3.7 met a log record in a form that only etcd 3.5 wrote",
        cause: "a minor version was skipped, or 3.6 ran too short on quiet data to write a snapshot, or \
                 a 3.5 member joined a cluster of 3.7; 3.7 no longer reads that form",
        why_it_matters: "the member does not start on this version, and the same happens on each member that has \
                 the record",
        remedy: "run 3.6 on this data once more (`version = \"3.6.16\"` in zone.toml), restart it once so \
                 that a snapshot is written, check that member/snap holds a new *.snap, then start 3.7",
        harm: Harm::Data,
        page: "versions",
        patterns: &["unmarshal should never fail (proto"],
        ..Explanation::ROW
    },
    Explanation {
        id: "data-of-newer-version",
        title: "the data directory was written by a newer etcd",
        cause: "etcd was downgraded without preparing it: the data is of version {version}",
        why_it_matters: "the member does not start until the version fits",
        remedy: "set `version` in zone.toml back to the version that ran last; to go down one minor, run \
                 `zone-etcd ctl -- downgrade enable 3.X` on the live zone first",
        harm: Harm::Member,
        page: "versions",
        patterns: &[
            "version \"{version}\" is not supported",
            "invalid downgrade; server version is lower than determined cluster version*determined-cluster-version={version}",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "cluster-of-newer-version",
        title: "the versions of the members are too far apart",
        cause: "this member or another runs a version that the cluster's version does not allow: more \
                 than one minor below or above",
        why_it_matters: "the member cannot join until its version fits",
        remedy: "give all members versions at most one minor apart: compare `version` in each zone.toml \
                 with `zone-etcd status`",
        harm: Harm::Member,
        page: "versions",
        patterns: &[
            "cluster version of remote member is not compatible",
            "incompatible with current running cluster",
            "ignored by remote peer due to server version incompatibility",
            "remotes server has mismatching etcd version",
            "leader found higher-versioned member",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "write-ahead-log-damaged",
        title: "the write-ahead log is damaged",
        cause: "a checksum or record of member/wal does not hold: a disk fault, a crash on a disk that \
                 lies about flushing, a full disk, or an incomplete copy",
        why_it_matters: "the member cannot know what it has acknowledged, and does not start",
        remedy: "if the other members are well, replace this one: `zone-etcd ctl -- member remove ID`, \
                 `zone-etcd ctl -- member add NODE --learner --peer-urls=URL`, `zone-etcd run \
                 --move-data-aside` on the node, then `zone-etcd ctl -- member promote ID` once it has caught \
                 up; look for disk errors in `dmesg`; a zone of one member needs a snapshot",
        harm: Harm::Data,
        page: "damaged-data",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "write-ahead-log-repaired",
        title: "the end of the write-ahead log was cut off and repaired",
        cause: "the last record was incomplete: power was lost or etcd was killed in the middle of a \
                 write; the damaged file is kept beside it as *.broken",
        why_it_matters: "one torn record at the end is ordinary after a power loss; more than that means that the \
                 disk lost what it had confirmed, and with it what this member had acknowledged",
        remedy: "compare the members' data with `zone-etcd ctl -- endpoint hashkv --cluster`; look for \
                 disk errors in `dmesg`",
        harm: Harm::Data,
        page: "damaged-data",
        patterns: &["ignored file in WAL directory*path={file}.broken", "repaired WAL", "WAL repair"],
        at_info: true,
        ..Explanation::ROW
    },
    Explanation {
        id: "database-damaged",
        title: "the database file is damaged",
        cause: "member/snap/db is not a whole bbolt file: a disk fault, a crash on a disk that lies \
                 about flushing, or an incomplete copy",
        why_it_matters: "the member does not start, or ends when it meets the damaged page",
        remedy: "if the other members are well, replace this one: `zone-etcd ctl -- member remove ID`, \
                 `zone-etcd ctl -- member add NODE --learner --peer-urls=URL`, `zone-etcd run \
                 --move-data-aside` on the node, then `zone-etcd ctl -- member promote ID` once it has caught \
                 up; look for disk errors in `dmesg`; a zone of one member needs a snapshot",
        harm: Harm::Data,
        page: "damaged-data",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "snapshot-damaged",
        title: "a snapshot file is damaged or missing",
        cause: "a file of member/snap does not match its checksum, or the database is older than the \
                 snapshot that the log refers to: files were lost, or copied from different times",
        why_it_matters: "the member starts from an older snapshot, if the log reaches back to it, or not at all",
        remedy: "if it does not start, replace the member: `zone-etcd ctl -- member remove ID`, `zone-etcd \
                 ctl -- member add NODE --learner --peer-urls=URL`, `zone-etcd run --move-data-aside` on \
                 the node, then `zone-etcd ctl -- member promote ID` once it has caught up; copy a \
                 data directory only while etcd is stopped, or use `zone-etcd ctl -- snapshot save FILE \
                 --endpoints=URL`",
        harm: Harm::Data,
        page: "damaged-data",
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
        ..Explanation::ROW
    },
    Explanation {
        id: "snapshot-file-not-whole",
        title: "the snapshot file is not what was saved",
        cause: "it was cut off, changed, or it is a copy of member/snap/db, which has no checksum",
        why_it_matters: "a restore from it may bring back less than you think",
        remedy: "take another snapshot, and verify each when it is made: `etcdutl snapshot status FILE`; \
                 for a copied database file `--skip-hash-check`",
        harm: Harm::Refusal,
        page: "restore",
        patterns: &[
            "snapshot missing hash but",
            "expected sha256 [",
            "snapshot file integrity",
            "invalid snapshot",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "disk-full",
        title: "the disk is full",
        cause: "the file system of the data directory has no space left",
        why_it_matters: "etcd ends when it cannot write, and does not start again until there is space",
        remedy: "free space on that file system (`df -h` on the data directory), then start the member; \
                 nothing below `member/` may be deleted by hand",
        harm: Harm::Outage,
        page: "disk-full",
        patterns: &["no space left on device", "writeAt failed, offset: * 28})", "disk quota exceeded"],
        ..Explanation::ROW
    },
    Explanation {
        id: "read-only-file-system",
        title: "the file system is read-only",
        cause: "the file system of the data directory is mounted read-only, often by the kernel after a \
                 disk error",
        why_it_matters: "the member cannot write, so it does not run",
        remedy: "look for disk errors in `dmesg`, repair or replace the disk, and mount it writable",
        harm: Harm::Member,
        page: "file-access",
        patterns: &["read-only file system"],
        ..Explanation::ROW
    },
    Explanation {
        id: "database-quota-reached",
        title: "the database has reached its quota",
        cause: "more was written than compaction and the quota allow; etcd raised the NOSPACE alarm and \
                 takes only reads and deletes",
        why_it_matters: "no client can write until space is freed and the alarm is taken back",
        remedy: "compact, defragment each member, and disarm: `zone-etcd ctl -- compact REVISION`, \
                 `zone-etcd ctl -- defrag --cluster`, `zone-etcd ctl -- alarm disarm`; then raise `quota` \
                 or shorten `auto_compaction` in zone.toml",
        harm: Harm::Outage,
        page: "quota",
        patterns: &[
            "mvcc: database space exceeded",
            "alarm:NOSPACE",
            "message exceeded backend quota; raising alarm",
            "alarm raised*alarm=NOSPACE",
            "serving /health false due to an alarm*NOSPACE",
            "etcdserver: no space",
        ],
        ..Explanation::ROW
    },
    Explanation {
        id: "quota-too-large",
        title: "the quota is above what etcd recommends",
        cause: "the quota is larger than 8 GiB",
        why_it_matters: "a member that restarts or joins has to copy and read all of it, which takes long",
        remedy: "set `quota = \"8GiB\"` or less in zone.toml, unless you have measured it",
        harm: Harm::Notice,
        page: "quota",
        patterns: &["quota exceeds the maximum value"],
        ..Explanation::ROW
    },
    Explanation {
        id: "data-directory-locked",
        title: "another process holds the data directory",
        cause: "an etcd is already running on this data directory, or its file system is very slow",
        why_it_matters: "this one waits for ever, without a word after the first ten seconds",
        remedy: "find the other process with `fuser -v DATA/member/snap/db` and stop one of the two; \
                 `zone-etcd run` refuses this start by itself",
        harm: Harm::Member,
        page: "data-directory",
        patterns: &["db file is flocked by another process", "failed to open database*error=timeout"],
        at_info: true,
        ..Explanation::ROW
    },
    Explanation {
        id: "data-directory-open-to-others",
        title: "the data directory can be read by others",
        cause: "its mode is not 0700",
        why_it_matters: "every user of the machine can read what the cluster holds",
        remedy: "`chmod 700` on the data directory",
        harm: Harm::Notice,
        page: "file-access",
        patterns: &["check file permission*directory \"{directory}\" exist, but the permission is"],
        ..Explanation::ROW
    },
];
