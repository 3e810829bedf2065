//! Files to install, inside the program: who has nothing but it has no `packaging/`.

/// A file as it is to be installed.
#[derive(Debug)]
pub struct File {
    /// What `explain` calls it: `systemd/zone-etcd.service`.
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal)*) => {
        &[$(File {
            name: concat!("systemd/", $name),
            text: include_str!(concat!("../../../packaging/systemd/", $name)),
        }),*]
    };
}

pub static FILES: &[File] = files! {
    "zone-etcd-check.service"
    "zone-etcd-check.timer"
    "zone-etcd-check@.service"
    "zone-etcd-check@.timer"
    "zone-etcd-renew.service"
    "zone-etcd-renew.timer"
    "zone-etcd-snapshot-drill.service"
    "zone-etcd-snapshot-drill.timer"
    "zone-etcd-snapshot.service"
    "zone-etcd-snapshot.timer"
    "zone-etcd-sync-member.conf"
    "zone-etcd-sync.service"
    "zone-etcd-sync.timer"
    "zone-etcd.service"
    "zone-etcd.sysusers"
    "zone-etcd.tmpfiles"
    "zone-etcd@.service"
};
