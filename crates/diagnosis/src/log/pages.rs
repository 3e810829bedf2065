//! The pages of `docs/problems`: what is said of each line that etcd prints, for readers of the page and of
//! `doctor --log` alike.

use std::collections::HashMap;

/// What a page says of one explanation.
pub(super) struct Entry {
    /// The page.
    pub page: &'static str,
    /// What happened, in one line.
    pub title: &'static str,
    /// Its cause, its effect, and its remedy.
    pub texts: [&'static str; 3],
}

/// Every entry of the pages, by the name of its explanation:
///
/// ```text
/// - `name`: what happened
///   - cause: …
///   - effect: …
///   - remedy: …
/// ```
pub(super) fn entries() -> HashMap<&'static str, Entry> {
    let mut entries = HashMap::new();
    for (page, document) in documents::problems() {
        let mut lines = document.text.lines();
        while let Some(line) = lines.next() {
            let head = line.strip_prefix("- `").and_then(|head| head.split_once("`: "));
            let Some((id, title)) = head else { continue };
            let texts = ["cause", "effect", "remedy"].map(|name| {
                let text = lines
                    .next()
                    .and_then(|line| line.strip_prefix("  - ")?.strip_prefix(name)?.strip_prefix(": "));
                text.unwrap_or_default()
            });
            entries.insert(id, Entry { page, title, texts });
        }
    }
    entries
}
