//! The database of a member, written as it comes. However long that takes, it goes on while something comes.

use std::time::Duration;

use bytesize::ByteSize;

use super::source::{Source, no_right};
use crate::observer::{Observer, run};
use etcd::client::CallError;
use model::error::{Exit, Failure, Result};
use model::report::{Progress, Unit};
use store::snapshot::PartialSnapshot;

/// Writes all that the member sends, and returns the version of its layout if it told.
pub(super) fn write(
    observer: &Observer<'_>,
    source: &Source,
    partial: &mut PartialSnapshot,
    stall: Duration,
) -> Result<Option<String>> {
    let credentials = observer.credentials()?;
    let mut total = source.status.db_size;
    let progress = Progress::begin("saving", Unit::Bytes, total);
    let ended = |error: CallError, size: u64, total: u64| match error {
        CallError::Denied(why) | CallError::NoUser(why) => no_right(observer.site, &why),
        CallError::Late => gave_up(
            observer,
            source,
            format!(
                "nothing came for {}, after {} of {}",
                humantime::format_duration(stall),
                ByteSize::b(size).display().iec(),
                ByteSize::b(total).display().iec()
            ),
        ),
        CallError::Failed(why) => gave_up(observer, source, why),
    };
    run(async {
        let client = credentials.connect(&source.url, stall).map_err(|why| gave_up(observer, source, why))?;
        let mut version = None;
        let mut stream = client.snapshot().await.map_err(|error| ended(error, 0, total))?;
        while let Some(part) =
            stream.next(stall).await.map_err(|error| ended(error, partial.size(), total))?
        {
            partial.write(&part.bytes)?;
            // The digest that comes last is not counted.
            total = total.max(partial.size() + part.remaining);
            progress.of(total);
            progress.set(partial.size());
            version = Some(part.storage_version).filter(|version| !version.is_empty()).or(version);
        }
        Ok(version)
    })?
}

fn gave_up(observer: &Observer<'_>, source: &Source, why: String) -> Failure {
    let what = format!("{} does not send its database: no snapshot was taken", source.name);
    let failure = Failure::new(Exit::Unavailable, what).because(why);
    failure.next(match &source.other {
        Some(other) => {
            format!("ask another: {}", observer.site.proposed(&format!("snapshot save --from {other}")))
        }
        None => format!("see how it is: {}", observer.site.proposed("status")),
    })
}
