//! How members find each other without a list: by DNS, or by the discovery service of etcd 3.6 and later.

use std::fmt;
use std::str::FromStr;

/// Longest label, RFC 1035 section 2.3.4.
const LONGEST_LABEL: usize = 63;
/// Below it every token has its keys.
const REGISTRY: &str = "/_etcd/registry/";
/// Characters of a token.
const LONGEST: usize = 128;

/// The name of a registry, and the token of the cluster that is bootstrapped with it: it takes the place of
/// `--initial-cluster-token` in all ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryToken(String);

/// What is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token has 1 to {LONGEST} letters, digits, `-`, `_` and `.`, and begins with a letter or digit")]
pub struct NoToken;

impl DiscoveryToken {
    /// What is in the place of the size of a registry that was closed: no number, so etcd refuses a member
    /// that begins with it, and the token is not taken a second time.
    pub const CLOSED: &str = "closed";

    /// # Errors
    /// It could not be one step of a path.
    pub fn parse(text: &str) -> Result<Self, NoToken> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        match begins && text.len() <= LONGEST && text.bytes().all(is_plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(NoToken),
        }
    }

    /// One of 128 random bits.
    pub fn of(random: u128) -> Self {
        Self(format!("{random:032x}"))
    }

    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key whose value is the number of members, in decimal digits.
    pub fn size_key(&self) -> String {
        format!("{REGISTRY}{self}/_config/size")
    }

    /// What the keys of the members begin with; their ids follow.
    pub fn members_prefix(&self) -> String {
        format!("{REGISTRY}{self}/members/")
    }
}

impl fmt::Display for DiscoveryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many members register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterSize(u32);

impl ClusterSize {
    /// etcd itself takes more, and no cluster is so large.
    pub const LARGEST: u32 = 99;

    /// None if it is no number of members.
    pub fn new(number: u32) -> Option<Self> {
        (1..=Self::LARGEST).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// What etcd's `--discovery-srv-name` appends to the names of the services: letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSuffix(String);

impl FromStr for ServiceSuffix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let longest = LONGEST_LABEL - "_etcd-server-ssl-".len();
        let is_label =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_label || text.len() > longest || text.ends_with('-') {
            return Err(format!("write letters, digits and hyphens, {longest} at most"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ServiceSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
