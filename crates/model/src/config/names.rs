//! Names of zones and nodes. A value of these types is valid by construction.

use std::fmt;

/// A name that cannot be used: what is wrong with it, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {instead}")]
pub struct NameFault {
    /// What is wrong, with the value.
    pub what: String,
    /// What to write instead.
    pub instead: String,
}

impl NameFault {
    fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { what: what.into(), instead: instead.into() }
    }

    /// The two sentences, as a table of a document takes them.
    pub fn into_parts(self) -> (String, String) {
        (self.what, self.instead)
    }
}

/// A host name in lower case, of letters, digits and hyphens (RFC 1123 section 2.1), without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// Longest name, RFC 1035 section 2.3.4 (253 characters in text form).
    const LONGEST: usize = 253;
    /// Longest label, RFC 1035 section 2.3.4.
    const LONGEST_LABEL: usize = 63;

    /// Reads a host name; `kind` is what it is called in the message.
    pub fn parse(kind: &str, text: &str) -> Result<Self, NameFault> {
        if text.is_empty() {
            return Err(NameFault::new(
                format!("the {kind} is empty"),
                "write a name such as node1.example.zone",
            ));
        }
        if !text.is_ascii() {
            return Err(NameFault::new(
                format!("the {kind} `{text}` is not ASCII"),
                "certificates and etcd take only the ASCII form: write the name as xn--… (IDNA A-label)",
            ));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if name.len() > Self::LONGEST {
            let length = name.len();
            return Err(NameFault::new(
                format!("the {kind} has {length} characters, more than DNS allows"),
                format!("write at most {} characters", Self::LONGEST),
            ));
        }
        for label in name.split('.') {
            check_label(kind, text, label)?;
        }
        let last = name.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NameFault::new(
                format!(
                    "the {kind} `{text}` ends in a number, as an IP address does, but is not an IP address"
                ),
                "correct the address, or write a host name whose last label has a letter",
            ));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is `zone` or lies below it.
    pub fn is_within(&self, zone: &DnsName) -> bool {
        self.0.strip_suffix(zone.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn check_label(kind: &str, text: &str, label: &str) -> Result<(), NameFault> {
    if label.is_empty() {
        return Err(NameFault::new(
            format!("the {kind} `{text}` has an empty label"),
            "write one dot between two labels",
        ));
    }
    if label.len() > DnsName::LONGEST_LABEL {
        return Err(NameFault::new(
            format!("the label `{label}` of the {kind} has {} characters", label.len()),
            format!("a DNS label has at most {}", DnsName::LONGEST_LABEL),
        ));
    }
    let suggestion = suggest_label(label);
    if let Some(bad) = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        return Err(NameFault::new(
            format!("the {kind} `{text}` has `{bad}`, which a DNS label cannot have"),
            format!("use letters, digits and hyphens{suggestion}"),
        ));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(NameFault::new(
            format!("the label `{label}` of the {kind} starts or ends with a hyphen"),
            format!("start and end it with a letter or digit{suggestion}"),
        ));
    }
    Ok(())
}

fn suggest_label(label: &str) -> String {
    let fixed: String = label.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let fixed = fixed.trim_matches('-');
    if fixed.is_empty() { String::new() } else { format!(", such as `{fixed}`") }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a zone: a DNS name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName(DnsName);

impl ZoneName {
    /// Reads a zone's name.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        DnsName::parse("zone name", text).map(Self)
    }

    /// The DNS name.
    pub fn dns(&self) -> &DnsName {
        &self.0
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a node: a DNS name below its zone's, whose part before the zone's name is the short name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeName {
    full: DnsName,
    short_length: usize,
}

impl NodeName {
    /// Reads a node's name, which may be short (`node1`) or full (`node1.example.zone`).
    pub fn parse(text: &str, zone: &ZoneName) -> Result<Self, NameFault> {
        let written = DnsName::parse("node name", text)?;
        if written == *zone.dns() {
            return Err(NameFault::new(
                format!("`{text}` is the zone's own name"),
                "give the node a label of its own, such as node1",
            ));
        }
        let full = if written.is_within(zone.dns()) {
            written
        } else if written.as_str().contains('.') {
            return Err(NameFault::new(
                format!("the node `{text}` is outside the zone {zone}"),
                format!(
                    "write a label such as `{0}`, or `{0}.{zone}`",
                    text.split('.').next().unwrap_or(text)
                ),
            ));
        } else {
            DnsName::parse("node name", &format!("{written}.{zone}"))?
        };
        let short_length = full.as_str().len() - zone.as_str().len() - 1;
        Ok(Self { full, short_length })
    }

    /// The full name, `node1.example.zone`.
    pub fn full(&self) -> &str {
        self.full.as_str()
    }

    /// The name within the zone, `node1`: etcd's member name, and the name of the node's directory.
    pub fn short(&self) -> &str {
        &self.full.as_str()[..self.short_length]
    }

    /// The DNS name.
    pub fn dns(&self) -> &DnsName {
        &self.full
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.full.fmt(f)
    }
}

/// The name of a client certificate: its common name, which etcd takes as the user's name, and its
/// directory's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientName(String);

impl ClientName {
    /// The administrator, which every zone has.
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The client that asks for health, which every zone has.
    pub fn health() -> Self {
        Self("health".to_owned())
    }

    /// Whether a certificate of this client would have the common name of a node, which is cut off where the
    /// full name is too long.
    pub fn is_name_of(&self, node: &super::Node) -> bool {
        self.0.eq_ignore_ascii_case(&zone_pki::Subject::fit_common_name(node.name.full(), node.name.full()))
    }

    /// Longest common name, RFC 5280 appendix A.1 (`ub-common-name`).
    const LONGEST: usize = 64;

    /// Reads a client's name: letters, digits and `. _ - @ :`, not starting with a dot.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@:".contains(c);
        if text.is_empty() || text.len() > Self::LONGEST {
            return Err(NameFault::new(
                format!("the client name `{text}` has {} characters", text.len()),
                format!("a common name has 1 to {} (RFC 5280)", Self::LONGEST),
            ));
        }
        if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
            return Err(NameFault::new(
                format!("the client name `{text}` has `{bad}`"),
                "use letters, digits and . _ - @ :",
            ));
        }
        if text.starts_with(['.', '-']) {
            return Err(NameFault::new(
                format!("the client name `{text}` starts with `{}`", &text[..1]),
                "start it with a letter or digit",
            ));
        }
        if text == "root" {
            return Err(NameFault::new(
                "a certificate for `root` is etcd's administrator",
                "use the client `admin`, which is always there and has that name in its certificate",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
