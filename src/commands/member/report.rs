//! What a change of the members has done.

use serde::Serialize;

use crate::cli::Format;
use crate::output::{json, print};
use model::error::Result;
use model::plan::EtcdId;
use operations::membership::MemberChanged;

/// What was done. Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The short name of the node, or what the member is called.
    pub(super) member: String,
    /// Its id, in 16 hexadecimal digits.
    pub(super) id: Option<String>,
    /// What it is now: `voter`, `learner` or `removed`.
    pub(super) state: &'static str,
    /// Who leads in its place, if it led.
    pub(super) leadership_moved_to: Option<String>,
    /// Whether its data is aside, where that could be done from here.
    pub(super) data_is_aside: bool,
    /// The other nodes that know from bundles who the members are: those that have new ones, and those that
    /// have not.
    pub(super) others_told: Vec<String>,
    pub(super) others_left: Vec<String>,
}

impl Report {
    pub(super) fn new(member: &str, id: Option<EtcdId>, state: &'static str, done: &MemberChanged) -> Self {
        Self {
            member: member.to_owned(),
            id: id.map(|id| id.to_string()),
            state,
            leadership_moved_to: done.leadership_moved_to.clone(),
            data_is_aside: done.data_is_aside,
            others_told: done.others.told.clone(),
            others_left: done.others.left(),
        }
    }

    pub(super) fn print(&self, format: Format) -> Result<()> {
        match format {
            Format::Json => print(&json(self)?),
            Format::Text => print(&self.text()),
        }
    }

    fn text(&self) -> String {
        let id = self.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let mut text = match self.state {
            "removed" => format!("{}{id} is no member\n", self.member),
            state => format!("{}{id} is a {state}\n", self.member),
        };
        if let Some(to) = &self.leadership_moved_to {
            text += &format!("  leadership  moved to {to}\n");
        }
        if !self.others_told.is_empty() {
            text += &format!("  other nodes told: {}\n", self.others_told.join(", "));
        }
        text
    }
}
