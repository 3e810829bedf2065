//! What a start says of itself: one line of JSON.
//!
//! What another one wrote is untrusted: it is read into domain types here, its length is bounded by the
//! reader, and nothing of it is printed as it came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use model::foreign_text;
use model::plan::{EtcdId, Ids, LauncherSays, LauncherShows, LiveCluster, LiveMember, LogPosition};

/// The only format that there is.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    format: u32,
    pub zone: String,
    /// The node, by its full name.
    pub node: String,
    /// Which start it is: 32 hexadecimal digits, drawn by each.
    pub process: String,
    cluster: String,
    member: String,
    right: Right,
    shows: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<Log>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<Member>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<String>,
    /// Nodes that the operator wants left out of the founding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// What it has heard of the others, by their names; for messages to a person alone.
    #[serde(default)]
    pub hears: BTreeMap<String, Option<String>>,
}

/// Whether a start may bootstrap the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// It may.
    Given,
    /// It might, until its bundle was too old.
    Lapsed,
    /// It may only join.
    Withheld,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Log {
    cluster: String,
    member: String,
    #[serde(flatten)]
    position: LogPosition,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    id: String,
    name: String,
    #[serde(default)]
    peer_urls: Vec<String>,
    #[serde(default)]
    client_urls: Vec<String>,
    #[serde(default)]
    learner: bool,
}

/// All that is said to a client that dials from an address that its certificate does not name: etcd would
/// close the connection.
pub const REFUSES_ADDRESS: &str = r#"{"format":1,"refuses":"address"}"#;

/// Why a line says nothing.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not JSON of this shape.
    #[error("what its start says cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of a later version.
    #[error("its start says format {0}, which this version does not know: upgrade zone-etcd here")]
    Format(u32),
    /// An id or a word that is not one.
    #[error("what its start says has an invalid {0}")]
    Invalid(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    pub zone: &'a str,
    /// The node, by its full name.
    pub node: &'a str,
    pub process: &'a str,
}

impl Message {
    /// What a start says. `log` are the ids and the position of its log.
    pub fn new(
        speaker: Speaker<'_>,
        right: Right,
        says: &LauncherSays,
        log: Option<(Ids, LogPosition)>,
        without: &[String],
    ) -> Self {
        let members = says.cluster.iter().flat_map(|cluster| &cluster.members).map(|member| Member {
            id: member.id.to_string(),
            name: member.name.clone(),
            peer_urls: member.peer_urls.clone(),
            client_urls: member.client_urls.clone(),
            learner: member.learner,
        });
        Self {
            format: FORMAT,
            zone: speaker.zone.to_owned(),
            node: speaker.node.to_owned(),
            process: speaker.process.to_owned(),
            cluster: says.predicted.cluster.to_string(),
            member: says.predicted.member.to_string(),
            right: if says.may_found { Right::Given } else { right },
            shows: says.shows.word().to_owned(),
            log: log.map(|(ids, position)| Log {
                cluster: ids.cluster.to_string(),
                member: ids.member.to_string(),
                position,
            }),
            members: members.collect(),
            removed: says.removed.iter().map(EtcdId::to_string).collect(),
            without: without.to_vec(),
            hears: BTreeMap::new(),
        }
    }

    pub fn parse(line: &[u8]) -> Result<(Self, LauncherSays), MessageError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = foreign_text::json(line)?;
        if format != FORMAT {
            return Err(MessageError::Format(format));
        }
        let message: Self = foreign_text::json(line)?;
        let says = message.says()?;
        Ok((message, says))
    }

    /// The line, without its end.
    pub fn line(&self) -> String {
        // Strings, numbers and maps with string keys only: there is nothing that JSON could not hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn says(&self) -> Result<LauncherSays, MessageError> {
        let id = |text: &str| EtcdId::parse(text).ok_or(MessageError::Invalid("id"));
        let all = [
            LauncherShows::Nothing,
            LauncherShows::Committed,
            LauncherShows::Attempted,
            LauncherShows::Lost,
            LauncherShows::Log,
        ];
        let shows = all.into_iter().find(|shows| shows.word() == self.shows);
        let shows = shows.ok_or(MessageError::Invalid("state"))?;
        let member = |member: &Member| -> Result<LiveMember, MessageError> {
            Ok(LiveMember {
                id: id(&member.id)?,
                name: member.name.clone(),
                peer_urls: member.peer_urls.clone(),
                client_urls: member.client_urls.clone(),
                learner: member.learner,
            })
        };
        let cluster = match (&self.log, shows) {
            (Some(log), LauncherShows::Log) => Some(LiveCluster {
                id: id(&log.cluster)?,
                members: self.members.iter().map(member).collect::<Result<_, _>>()?,
            }),
            (None, LauncherShows::Log) => return Err(MessageError::Invalid("log")),
            _ => None,
        };
        Ok(LauncherSays {
            predicted: Ids { member: id(&self.member)?, cluster: id(&self.cluster)? },
            may_found: self.right == Right::Given,
            shows,
            cluster,
            removed: self.removed.iter().map(|text| id(text)).collect::<Result<_, _>>()?,
        })
    }
}
