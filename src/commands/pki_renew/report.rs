//! What was renewed.

use serde::Serialize;
use time::OffsetDateTime;

use model::report::Table;
use operations::renewal::{Renewed, Served};

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
    pub(super) fn of(renewed: Renewed) -> Self {
        let Renewed { holder, role, old_serial, new, served } = renewed;
        let (new_serial, not_after) = (new.serial_hex(), new.not_after());
        Self { holder, role: role.name, old_serial, new_serial, not_after, served }
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
