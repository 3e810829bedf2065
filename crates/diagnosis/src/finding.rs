//! What a check found.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use zone_pki::Visible;

use super::table::CheckId;

/// How a check ended, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Passed,
    /// It works; good to know.
    Note,
    /// It works, and will not for long, or not under load.
    Warning,
    /// It could not be found out, since another member does not answer.
    Unreachable,
    /// It does not work.
    Failed,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Unreachable => "unreachable",
            Self::Failed => "failed",
        }
    }
}

/// What a check found on one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: CheckId,
    /// The node that it is about, by its short name; none for the zone.
    pub node: Option<String>,
    /// The file, URL, address or member that was looked at.
    pub subject: String,
    pub verdict: Verdict,
    pub found: String,
    /// Why it matters, if there is more to say than the table of checks does.
    pub because: Option<String>,
    /// The one thing to do; none where nothing is to be done.
    pub remedy: Option<String>,
}

impl Finding {
    pub fn passed(check: CheckId, subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(check, Verdict::Passed, subject, found)
    }

    /// It is not, or there is something to know.
    pub fn new(
        check: CheckId,
        verdict: Verdict,
        subject: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (subject, found) = (Visible(subject.into()).to_string(), Visible(found.into()).to_string());
        Self { check, node: None, subject, verdict, found, because: None, remedy: None }
    }

    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Sets why it matters in this case.
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.because = Some(Visible(why.into()).to_string());
        self
    }

    pub fn on(mut self, node: &str) -> Self {
        self.node = Some(node.to_owned());
        self
    }

    pub fn why(&self) -> &str {
        self.because.as_deref().unwrap_or(self.check.row().why)
    }
}

/// The JSON. Fields are added, never renamed.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.check.row();
        let mut fields = serializer.serialize_struct("Finding", 9)?;
        fields.serialize_field("check", row.name)?;
        fields.serialize_field("node", &self.node)?;
        fields.serialize_field("subject", &self.subject)?;
        fields.serialize_field("verdict", &self.verdict)?;
        fields.serialize_field("found", &self.found)?;
        fields.serialize_field("harm", &row.harm)?;
        fields.serialize_field("why", self.why())?;
        fields.serialize_field("remedy", &self.remedy)?;
        fields.serialize_field("page", &row.page_path())?;
        fields.end()
    }
}

/// The findings that are worth more than a line, the most harmful first: by verdict, then by the harm of the
/// check.
pub fn by_harm(findings: &[Finding]) -> Vec<&Finding> {
    let mut wrong: Vec<&Finding> =
        findings.iter().filter(|finding| finding.verdict != Verdict::Passed).collect();
    wrong.sort_by_key(|finding| std::cmp::Reverse((finding.verdict, finding.check.row().harm)));
    wrong
}

pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Passed)
}
