//! What a generation says of the zone and of its node, before anything of it is used.

use std::path::Path;

use model::config::{LocalConfig, Node, ZoneConfig, ZoneConfigError};
use model::error::{Failure, Result};
use model::formats::is_of_bundle;
use model::plan::{ClusterToken, LOCAL_CONFIG, MemberPlan, NodePaths};
use store::bundle::Manifest;
use store::node_directory::DESCRIPTION;

/// The zone and the node of a generation.
#[derive(Debug)]
pub(super) struct Described {
    pub zone: ZoneConfig,
    pub node: Node,
    /// The plan of its member, if one runs on it.
    pub member: Option<MemberPlan>,
}

impl Described {
    /// Reads the descriptions in `generation`, and compares them with its manifest. `name` is that of the
    /// bundle.
    pub fn read(generation: &Path, manifest: &Manifest, paths: &NodePaths, name: &str) -> Result<Self> {
        let failed = |why: String| {
            Failure::bad_input(format!("{name} cannot be used on this node")).because(why).next(format!(
                "have a new one made on the signing host, with this version of zone-etcd: {}",
                store::bundle::proposed_elsewhere(&manifest.node)
            ))
        };
        let (zone, _) = ZoneConfig::load(&generation.join(DESCRIPTION)).map_err(|error| {
            failed(format!("its {DESCRIPTION} cannot be used: {}", first_problem(error, DESCRIPTION)))
        })?;
        let Some(node) = zone.node(&manifest.node).filter(|node| node.name.full() == manifest.node).cloned()
        else {
            return Err(failed(format!("its {DESCRIPTION} does not describe {}", manifest.node)));
        };
        if zone.name.as_str() != manifest.zone {
            return Err(failed(format!("its {DESCRIPTION} describes the zone {}", zone.name)));
        }
        match LocalConfig::load(&generation.join(LOCAL_CONFIG)) {
            Ok((local, _)) if is_of_bundle(&local, &manifest.node) => {}
            Ok((local, _)) => {
                return Err(failed(format!("its {LOCAL_CONFIG} is for {}", local.name.as_str())));
            }
            Err(error) => {
                let why = first_problem(error, LOCAL_CONFIG);
                return Err(failed(format!("its {LOCAL_CONFIG} cannot be used: {why}")));
            }
        }
        let token = ClusterToken::given(&manifest.token);
        let member = MemberPlan::new(&zone, &node, token, paths.clone(), host::facts()).ok();
        let cluster = member.as_ref().map(|member| member.cluster.id.to_string());
        if zone.etcd.token.as_deref() != Some(manifest.token.as_str()) || cluster != manifest.cluster_id {
            return Err(failed(format!("its {DESCRIPTION} gives another cluster than its manifest")));
        }
        Ok(Self { zone, node, member })
    }
}

fn first_problem(error: ZoneConfigError, file: &str) -> String {
    match error {
        ZoneConfigError::Problems { problems, .. } => {
            problems.first().map(|problem| problem.render(file)).unwrap_or_default()
        }
        ZoneConfigError::Read { source, .. } => source.to_string(),
    }
}
