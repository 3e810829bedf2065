//! What is written of this node.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use discovery::Search;
use model::config::{BootConfig, DiscoverySource, LocalConfig, MemberList, MemberSource, Problem};
use model::error::Result;
use model::plan::NodePaths;
use model::report;
use store::node_directory::{Place, lay_down_local};
use store::zone_directory::{absolute, config_failure};
use time::OffsetDateTime;
use zone_pki::ShowPath;

/// A node by its local config and the `boot.toml` beside it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) local: LocalConfig,
    pub(super) boot: BootConfig,
    pub(super) paths: NodePaths,
    /// The local config, absolute.
    pub(super) file: PathBuf,
    warnings: Vec<(PathBuf, Problem)>,
}

impl Node {
    pub(super) fn read(config: &Path) -> Result<Self> {
        let file = absolute(config)?;
        let (local, of_local) = LocalConfig::load(&file).map_err(config_failure)?;
        let paths = NodePaths::new(file.parent().unwrap_or(Path::new("/")));
        let (boot, of_boot) = BootConfig::load(&paths.boot_config()).map_err(config_failure)?;
        let from = |path: &Path, problems: Vec<Problem>| {
            let path = path.to_owned();
            problems.into_iter().map(move |problem| (path.clone(), problem))
        };
        // Those of the local config are told once more by what opens it, and here alone where nothing does.
        let warnings = from(&file, of_local).chain(from(&paths.boot_config(), of_boot)).collect();
        Ok(Self { local, boot, paths, file, warnings })
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { file: &self.file, paths: &self.paths }
    }

    /// Whether its local config has no list of members.
    pub(super) fn looks_for_members(&self) -> bool {
        self.local.zone.is_none() && self.local.pki.is_none()
    }

    /// Looks for the members. Who takes part has what is found kept, and is told what to know of it.
    pub(super) fn find_members(&self, takes_part: bool) -> Result<MemberList> {
        let tell = |text: &str| {
            if takes_part {
                report::message(text)
            }
        };
        let search = Search {
            takes_part,
            refreshes: takes_part,
            now: OffsetDateTime::now_utc(),
            tell: &tell,
            has_registered: &Cell::new(false),
        };
        let (list, warnings) = discovery::members(&self.local, &self.place(), search)?;
        if takes_part {
            warnings.iter().for_each(|problem| report::problem(&list.source, problem));
        }
        Ok(list)
    }

    /// Lays down the certificates that stand in the local config itself, as files for what is started here.
    pub(super) fn lay_down_certificates(&self) -> Result<()> {
        if self.local.pki.is_some() { Ok(()) } else { lay_down_local(&self.local, &self.paths) }
    }

    /// Whether its member registers to find the others.
    pub(super) fn registers(&self) -> bool {
        let Some(MemberSource::Discovery(discovery)) = self.boot.source() else { return false };
        self.looks_for_members() && matches!(discovery.source, DiscoverySource::Registry(_))
    }

    /// Where its members come from, for a person.
    pub(super) fn source(&self) -> &'static str {
        match self.boot.source() {
            _ if self.local.pki.is_some() => "the members come from its bundle",
            _ if !self.looks_for_members() => "the members are in it",
            Some(MemberSource::Nameservice(_)) => "the members come from the zone document",
            Some(MemberSource::Discovery(_)) => "the members come from [discovery]",
            None => "nothing says where the members come from",
        }
    }

    pub(super) fn tell_warnings(&self) {
        for (path, problem) in &self.warnings {
            report::problem(&path.shown().to_string(), problem);
        }
    }
}
