//! The zone, asked in the course of an operation.

use time::OffsetDateTime;
use zone_pki::ShowPath;

use live::{
    ANSWER_LIMIT, COMPARISON_LIMIT, ComparisonMemory, Credentials, LiveZone, PlaneMemory, on_runtime,
};
use model::config::ClientName;
use model::error::{Failure, Result};
use store::site::Site;

/// Asks the members, each time with the CAs and the certificate of `admin` that are on disk then: the
/// operation, or another, may have changed both since.
#[derive(Clone, Copy, Debug)]
pub struct Observer<'s> {
    /// Where the operation stands.
    pub site: &'s Site,
}

impl<'s> Observer<'s> {
    /// Asks from where a command stands.
    pub fn new(site: &'s Site) -> Self {
        Self { site }
    }

    /// The zone at this moment.
    ///
    /// # Errors
    /// The CAs or the certificate cannot be read. That no member answers is no error.
    pub fn observe(&self) -> Result<LiveZone> {
        self.observe_again(&mut PlaneMemory::default())
    }

    /// The same for who asks again and again.
    ///
    /// # Errors
    /// As above.
    pub(super) fn observe_again(&self, memory: &mut PlaneMemory) -> Result<LiveZone> {
        let authorities = self.site.authorities_to_ask(OffsetDateTime::now_utc())?;
        let credentials = self.credentials()?;
        let zone = self.site.config();
        run(LiveZone::observe_again(zone, &authorities, &credentials, ANSWER_LIMIT, memory))
    }

    /// Compares the data of the voters of a zone that was just observed.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub fn compare_data(&self, live: &mut LiveZone) -> Result<()> {
        let credentials = self.credentials()?;
        run(async {
            live.compare_data(&credentials, COMPARISON_LIMIT, &mut ComparisonMemory::default()).await;
        })
    }

    /// The same of a zone that no client uses yet, however large its data is.
    ///
    /// # Errors
    /// As above.
    pub(super) fn compare_all_data(&self, live: &mut LiveZone) -> Result<()> {
        let credentials = self.credentials()?;
        run(live.compare_all_data(&credentials))
    }

    /// The certificate of `admin`, or on an activated node its own.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn credentials(&self) -> Result<Credentials> {
        let generation = self.site.client_generation(&ClientName::admin());
        Credentials::load(&generation).map_err(|error| {
            Failure::bad_input(format!("cannot use the certificate in {}", generation.shown()))
                .because(&error)
                .next(format!("issue it again: {}", self.site.proposed("pki issue --client admin")))
        })
    }
}

/// Runs a future on a runtime of its own.
pub(super) fn run<F: Future>(future: F) -> Result<F::Output> {
    on_runtime(future).map_err(|error| Failure::internal("cannot set up the connections").because(&error))
}
