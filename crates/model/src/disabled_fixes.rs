//! Fixes that `scripts/revocation-model` switches off one by one, to see that its search finds what each is
//! for. They can be switched off in a build with the feature `weakened` alone, which is never released.

/// What keeps a revocation in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// That a holder was revoked comes before every other verdict.
    RevokedFirst,
    /// CAs and lists are read under the zone's lock.
    ReadUnderLock,
    /// A node takes no list that is older than the one in use.
    ListsGrow,
    /// The lists in use stay when certificates go back.
    ListsStay,
    /// The list goes to the node as well whose certificate is on it.
    HolderGetsList,
    /// A CA that follows another is named by its key.
    NamedByKey,
}

impl Fix {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::RevokedFirst, "revoked-first"),
        (Self::ReadUnderLock, "read-under-lock"),
        (Self::ListsGrow, "lists-grow"),
        (Self::ListsStay, "lists-stay"),
        (Self::HolderGetsList, "holder-gets-list"),
        (Self::NamedByKey, "named-by-key"),
    ];

    /// Whether it is switched off.
    pub fn is_off(self) -> bool {
        cfg!(feature = "weakened")
            && std::env::var("ZONE_ETCD_WITHOUT").is_ok_and(|off| Self::ALL.contains(&(self, off.as_str())))
    }
}
