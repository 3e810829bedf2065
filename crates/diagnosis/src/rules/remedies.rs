//! What is proposed about the certificates of a node.

/// What is proposed about a certificate that is not valid yet.
pub const SET_THE_CLOCK: &str = "set this machine's clock right";

/// What to type to have a node's certificates issued again.
#[derive(Clone, Debug)]
pub struct Remedies {
    /// `zone-etcd pki issue NODE --zone DIR`.
    pub issue: String,
    /// How to copy the result to the node, if the CAs are not here.
    pub then: String,
}

impl Remedies {
    pub(super) fn reissue(&self) -> String {
        format!("{}{}", self.issue, self.then)
    }
}
