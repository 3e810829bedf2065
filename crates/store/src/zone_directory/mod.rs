//! A zone's directory on its signing host: its description, its CAs, and what they issued.

mod authorities;
mod bundled_nodes;
mod clock;
mod description;
mod existing;
mod failures;
mod inventory;
mod issuance;
mod node_answers;
mod recipients;
mod restored;
mod revocation;
mod rotation;
mod trial;
mod zone_document;
mod zone_lock;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::ShowPath;

pub use authorities::authority_files::load_authority;
pub use authorities::ca_keys::{CA_KEYS, KeyState, change_passphrase, key_state, lock_keys, unlock_keys};
pub use authorities::ca_passphrase::CaPassphrase;
pub use authorities::certificates::{Authorities, ROOT};
pub use authorities::create_authorities::{NewKeys, create_directory, create_file, create_missing};
pub use authorities::document_signer::{
    DocumentSigner, SignerName, document_signer, document_signer_certificate, document_signer_certificates,
};
pub use authorities::held_key::HeldKey;
pub use authorities::transition_cas::{Place, TransitionCa, TransitionCas};
pub use description::{describe, described};
pub use existing::{
    GivenCas, GivenFiles, GivenPlanes, Requests, adopt, complete, inspect, inspect_authority, request,
};
pub use failures::{config_failure, log_failure, private_failure};
pub use inventory::{Finding, Listed, all_clients, check, has_issued_to, list};
pub use issuance::assessment::Assessment;
pub use issuance::entry::{Entry, Present, Verdict};
pub use issuance::files_read::{FilesRead, side};
pub use issuance::holder::Holder;
pub use issuance::issuer::{Issuer, refuse_without_keys};
pub use issuance::parallel::in_parallel;
pub use node_answers::{AnswerFault, verify_answer};
pub use recipients::Recipients;
pub use restored::{draw_token, read_restored, record_restored};
pub use revocation::adoption::{AdoptedList, adopt_list, plane_that_signed};
pub use revocation::record::{RevocationTarget, Targeted, find_issued, revoke};
pub use revocation::reinstatement::{OfRevoked, admit};
pub use revocation::revocation_lists::{RebuiltList, rebuild_lists};
pub use revocation::revocation_probe::revocation_probe;
pub use revocation::revoked_holders::RevokedCertificate;
pub use rotation::aside::Aside;
pub use rotation::editions::{edition, retired, was_taken_back};
pub use rotation::scope::RotationScope;
pub use rotation::transitions::{prepare_next, retire, switch, switch_back};
pub use zone_document::{ZoneDocumentSigned, sign_zone_document, signers_failure, zone_document_signers};
pub use zone_lock::{HeldAuthorities, ZoneLock, ZoneReadLock};

use authorities::create_authorities::abandoned_authorities;
use bundled_nodes::BundledNodes;
use failures::zone_failure;
use recipients::RecipientsRead;

use model::config::{Node, NodeName, Problem, Protection, ZoneConfig};
use model::error::{Exit, Failure, Result};
use model::plan::{DEFAULT_NODE_DIRECTORY, NodePaths, ZonePaths, directory_there, proposed_on_node};
use model::report::{self, shell_quoted_path};

/// A zone that was read, with where it lies.
#[derive(Debug)]
pub struct ZoneDirectory {
    /// Where it lies, absolute.
    pub paths: ZonePaths,
    pub config: ZoneConfig,
    /// What the operator should know of the description.
    pub warnings: Vec<Problem>,
    /// What opens the keys of its CAs.
    pub ca_passphrase: CaPassphrase,
    /// The directory as the operator wrote it, for commands that are proposed.
    written: PathBuf,
    /// The operator says that the clock is right, whatever is recorded.
    clock_is_right: bool,
    /// What was read of `recipients.jsonl`: each way to a node depends on it.
    recipients: RecipientsRead,
    /// What was read of `bundles.jsonl`.
    bundled: BundledNodes,
}

impl ZoneDirectory {
    /// Reads `zone.toml` in `root`.
    pub fn open(root: &Path, ca_passphrase: CaPassphrase) -> Result<Self> {
        let paths = ZonePaths::new(absolute(root)?);
        let (mut config, warnings) =
            ZoneConfig::load(&paths.config()).map_err(|error| zone_failure(&paths, error))?;
        refuse_writable_by_others(paths.root())?;
        refuse_writable_by_others(&paths.config())?;
        config.tls.anchor(paths.root());
        let zone = Self {
            paths,
            config,
            warnings,
            ca_passphrase,
            written: root.to_owned(),
            clock_is_right: false,
            recipients: RecipientsRead::default(),
            bundled: BundledNodes::default(),
        };
        zone.refuse_authorities_of_no_use()?;
        Ok(zone)
    }

    /// A zone that has issued certificates would lose its protection by one line in a file.
    fn refuse_authorities_of_no_use(&self) -> Result<()> {
        let is_insecure = matches!(self.config.tls, Protection::Plain | Protection::Automatic);
        if !is_insecure || Authorities::are_absent(&self.paths)? {
            return Ok(());
        }
        let what = format!("the zone {} has CAs, and zone.toml gives up what they are for", self.config.name);
        Err(Failure::new(Exit::Configuration, what)
            .because(format!("{} is there", self.paths.authorities().shown()))
            .next("take insecure_no_tls or insecure_no_authentication out of zone.toml"))
    }

    /// Refuses what only a zone can do that issues its own certificates.
    pub fn refuse_unless_issued(&self) -> Result<()> {
        let why = match self.config.tls {
            Protection::Issued => return Ok(()),
            Protection::Files(_) => "[tls.files] names certificates that were made elsewhere",
            Protection::Automatic => "zone.toml says insecure_no_authentication",
            Protection::Plain => "zone.toml says insecure_no_tls",
        };
        Err(Failure::new(
            Exit::Configuration,
            format!("the zone {} issues no certificates", self.config.name),
        )
        .because(why)
        .next(format!("see how a member would start: {}", self.proposed("plan --node NAME"))))
    }

    pub fn node_paths(&self, name: &NodeName) -> NodePaths {
        let described = self.config.nodes.iter().find(|node| node.name == *name);
        self.paths.node(name).with_data(described.and_then(|node| node.data_directory.as_deref()))
    }

    /// The same of a node that `zone.toml` describes, without a search for it.
    fn paths_of(&self, node: &Node) -> NodePaths {
        self.paths.node(&node.name).with_data(node.data_directory.as_deref())
    }

    /// Whether the node of this short name was given a bundle, and has not run from this directory. A line
    /// that cannot be read may be of one.
    pub fn has_bundled(&self, node: &str) -> bool {
        let Some(node) = self.config.node(node) else { return false };
        !self.runs_here(node) && self.bundled.has(&self.paths, node.name.full())
    }

    /// A command for this zone, as the operator can type it here.
    pub fn proposed(&self, command: &str) -> String {
        format!("zone-etcd {command} --zone {}", report::shell_quoted_path(&self.written))
    }

    /// The commands that have a node ask for certificates, and sign what it asks for here. `csr` and `sign`
    /// are options of each.
    pub fn proposed_requests(&self, node: &str, csr: &str, sign: &str) -> String {
        let file = format!("{}.csr", node.split('.').next().unwrap_or(node));
        let place = self.config.node(node).map(|node| directory_there(&self.config, node));
        let place = place.as_deref().unwrap_or(Path::new(DEFAULT_NODE_DIRECTORY));
        let csr = format!("{} > {file}", proposed_on_node(&format!("pki csr --node {node}{csr}"), place));
        format!(
            "on that node: {csr}; then here: {}",
            self.proposed(&format!("pki sign {file} --out DIR{sign}"))
        )
    }

    /// Prints the warnings, each with its line, and what is wrong with the clock.
    pub fn report_warnings(&self) {
        self.warn_of_clock();
        let file = self.paths.config().shown().to_string();
        self.warnings.iter().for_each(|problem| report::problem(&file, problem));
    }

    /// Keys of CAs may lie there in the clear.
    pub fn warn_of_abandoned(&self) {
        for path in abandoned_authorities(&self.paths) {
            report::warning(&format!(
                "{} was left by an interrupted command, and may hold CA keys without a passphrase; the next \
                 command that changes the zone removes it",
                path.shown()
            ));
        }
    }

    /// Whether the member of a node runs from this directory, as its record of a start tells.
    pub fn runs_here(&self, node: &Node) -> bool {
        self.paths_of(node).state().exists()
    }

    pub fn node(&self, name: &str) -> Result<&Node> {
        self.config.node(name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("the zone {} has no node `{name}`", self.config.name))
                .next(self.config.nearest_node(name))
        })
    }

    /// Keeps every other command from issuing in this zone. A clock that is behind what is recorded is
    /// refused.
    pub fn lock(&self) -> Result<ZoneLock> {
        let held = self.lock_at_any_time()?;
        self.refuse_clock_behind()?;
        Ok(held)
    }

    pub fn lock_at_any_time(&self) -> Result<ZoneLock> {
        ZoneLock::take(&self.paths)
    }

    /// Keeps every command from issuing in this zone, and lets others read as well.
    pub fn lock_to_read(&self) -> Result<ZoneReadLock> {
        ZoneReadLock::take(&self.paths)
    }

    /// Reads the CAs, and makes them first in a zone that has issued nothing yet.
    pub fn load_or_create_authorities<'l>(
        &self,
        now: OffsetDateTime,
        held: &'l ZoneLock,
    ) -> Result<HeldAuthorities<'l>> {
        self.refuse_unless_issued()?;
        if Authorities::are_absent(&self.paths)? {
            create_missing(&self.paths, &self.config, &NewKeys::clear(&self.ca_passphrase), now, held)?;
            report::message(&format!(
                "made the CAs of {} in {}",
                self.config.name,
                self.paths.authorities().shown()
            ));
        }
        let authorities = held.authorities(now)?;
        authorities.warn_of_age(&self.paths, now);
        Ok(authorities)
    }
}

/// A path that still means the same after a change of directory, for the command line of etcd.
pub fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Failure::read(path, &error))
}

/// Who may write to the directory may replace `zone.toml`, move `ca/` away, or lead a file of ours elsewhere;
/// who may write to `zone.toml` says who gets certificates, and what runs.
fn refuse_writable_by_others(path: &Path) -> Result<()> {
    let mode = std::fs::metadata(path).map_err(|error| Failure::read(path, &error))?.permissions().mode();
    if mode & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::new(Exit::Permission, format!("others can write to {}", path.shown()))
        .because(format!("its mode is {:04o}", mode & 0o7777))
        .next(format!("if nothing in it was changed: chmod go-w {}", shell_quoted_path(path))))
}
