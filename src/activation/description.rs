//! What a generation says of the zone and of its node, before anything of it is used.

use std::path::Path;

use serde::Deserialize;

use zone_pki::regular_file;

use crate::bundle::Manifest;
use crate::config::{Node, ZoneConfig};
use crate::error::{Failure, Result};
use crate::host;
use crate::node_directory::DESCRIPTION;
use crate::plan::{ClusterToken, LOCAL_CONFIG, MemberPlan, NodePaths};

/// The zone and the node of a generation.
#[derive(Debug)]
pub(super) struct Described {
    pub zone: ZoneConfig,
    pub node: Node,
    /// The plan of its member, if one runs on it.
    pub member: Option<MemberPlan>,
}

/// What of the local config has to agree with the rest.
#[derive(Deserialize)]
struct Local {
    name: String,
    pki: String,
}

impl Described {
    /// Reads the descriptions in `generation`, and compares them with its manifest. `name` is that of the bundle.
    pub fn read(generation: &Path, manifest: &Manifest, paths: &NodePaths, name: &str) -> Result<Self> {
        let failed = |why: String| {
            Failure::bad_input(format!("{name} cannot be used on this node")).because(why).next(format!(
                "have a new one made on the signing host, with this version of zone-etcd: {}",
                crate::bundle::proposed_elsewhere(&manifest.node)
            ))
        };
        let (zone, _) = ZoneConfig::load(&generation.join(DESCRIPTION))
            .map_err(|error| failed(format!("its {DESCRIPTION} cannot be used: {}", first_problem(error))))?;
        let Some(node) = zone.node(&manifest.node).filter(|node| node.name.full() == manifest.node).cloned()
        else {
            return Err(failed(format!("its {DESCRIPTION} does not describe {}", manifest.node)));
        };
        if zone.name.as_str() != manifest.zone {
            return Err(failed(format!("its {DESCRIPTION} describes the zone {}", zone.name)));
        }
        let local = regular_file::read(&generation.join(LOCAL_CONFIG)).map_err(|error| error.to_string());
        let local =
            local.and_then(|text| serde_json::from_slice::<Local>(&text).map_err(|error| error.to_string()));
        match local {
            Ok(local) if local.name == manifest.node && local.pki == "pki" => {}
            Ok(local) => return Err(failed(format!("its {LOCAL_CONFIG} is for {}", local.name))),
            Err(why) => return Err(failed(format!("its {LOCAL_CONFIG} cannot be used: {why}"))),
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

fn first_problem(error: crate::config::ZoneConfigError) -> String {
    match error {
        crate::config::ZoneConfigError::Problems { problems, .. } => {
            problems.first().map(|problem| problem.render(DESCRIPTION)).unwrap_or_default()
        }
        crate::config::ZoneConfigError::Read { source, .. } => source.to_string(),
    }
}
