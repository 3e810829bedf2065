//! Peers that do not answer.

use super::Row;
use crate::log::explanation::Harm;

pub(super) const ROWS: &[Row] = &[Row {
    id: "peer-not-answering",
    harm: Harm::Notice,
    patterns: &[
        "prober detected unhealthy status*error=dial tcp {address}: {error}  ",
        "prober detected unhealthy status",
    ],
    fields: &["remote-peer-id", "peer-id", "remote-member-id"],
    ..Row::NONE
}];
