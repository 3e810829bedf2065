//! What was renewed.

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::Certificate;

use crate::report::Table;

/// Whether a member was seen to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Served {
    /// Its member shows it, and the others take it.
    Proved,
    /// Its node has taken it, and no member of it answers here.
    Delivered,
    /// It is in a bundle that is to be carried to its node.
    Open,
    /// It is in the zone directory, and no member of its holder answers here.
    NotAsked,
}

/// A certificate that is new. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    holder: String,
    role: &'static str,
    old_serial: Option<String>,
    new_serial: String,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    served: Served,
}

impl Row {
    pub(super) fn new(
        holder: &str,
        role: &'static str,
        old_serial: Option<String>,
        new: &Certificate,
        served: Served,
    ) -> Self {
        let (holder, new_serial) = (holder.to_owned(), new.serial_hex());
        Self { holder, role, old_serial, new_serial, not_after: new.not_after(), served }
    }

    pub(super) fn holder(&self) -> &str {
        &self.holder
    }

    pub(super) fn served(&self) -> Served {
        self.served
    }
}

pub(super) fn text(rows: &[Row]) -> String {
    let mut table = Table::new(&["holder", "role", "new serial", "expires", "in use"]);
    for row in rows {
        table.row([
            row.holder.clone(),
            row.role.to_owned(),
            row.new_serial.clone(),
            row.not_after.date().to_string(),
            match row.served {
                Served::Proved => "yes",
                Served::Delivered => "on its node",
                Served::Open => "in its bundle",
                Served::NotAsked => "on disk",
            }
            .to_owned(),
        ]);
    }
    table.render()
}
