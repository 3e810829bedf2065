//! Whom a server trusts, against whom it should. Pure.

use zone_pki::Certificate;

/// The CAs that are in one of the two alone, by their subjects. TLS names no more of a CA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustDifference {
    /// Those that it should trust, and does not name.
    pub missing: Vec<String>,
    /// Those that it names, and should not trust, or not any more.
    pub surplus: Vec<String>,
}

impl TrustDifference {
    /// Compares the CAs that a server names with those that it should trust. `is_of` says whether a name is
    /// that of a CA, `subject` how it is told.
    pub fn between<N>(
        named: &[N],
        trusted: &[&Certificate],
        is_of: impl Fn(&N, &Certificate) -> bool,
        subject: impl Fn(&N) -> String,
    ) -> Self {
        let missing = trusted.iter().filter(|ca| !named.iter().any(|name| is_of(name, ca)));
        let surplus = named.iter().filter(|name| !trusted.iter().any(|ca| is_of(name, ca)));
        Self {
            missing: missing.map(|ca| ca.subject().to_owned()).collect(),
            surplus: surplus.map(subject).collect(),
        }
    }

    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty()
    }
}
