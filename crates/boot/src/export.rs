//! The same start as units of systemd, for hosts where systemd looks after processes.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use model::config::{ProcessConfig, Reload};
use model::error::{Failure, Result};
use model::plan::{MEMBER_UNIT, UnitFile, UnitSettings, process_unit_name, process_units};
use zone_pki::ShowPath;

use super::members::Members;
use super::node::Node;
use super::service;

/// What is done once etcd takes requests, before the processes start.
const ZONE_UNIT: &str = "zone-etcd-zone.service";

/// The units of a node: of the gateway and the nameservice, what goes before the packaged unit of the member,
/// a unit that waits for the zone and tells the nameservice of it, and the processes. Names may have a
/// directory.
///
/// # Errors
/// The local config or boot.toml is wrong.
pub fn units(config: &Path) -> Result<Vec<UnitFile>> {
    let node = Node::read(config)?;
    node.tell_warnings();
    let program = std::env::current_exe()
        .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
    let owner = owner(&node)?;
    let settings = node.boot.nameservice.as_ref();
    let nameservice = settings.map(service::process).transpose()?.flatten();
    let gateway = node.boot.gateway.clone().filter(|gateway| !gateway.command.is_empty());
    let gateway = gateway.map(|gateway| service::gateway(gateway.command));
    let first: Vec<ProcessConfig> = [nameservice.clone(), gateway]
        .into_iter()
        .flatten()
        .map(|process| ProcessConfig { user: owner.clone(), ..process })
        .collect();
    let mut variables = BTreeMap::new();
    variables.insert("ZONE_ETCD_CONFIG".to_owned(), node.file.to_string_lossy().into_owned());
    let before: Vec<String> = first.iter().map(|process| process_unit_name(&process.name)).collect();
    let mut units =
        process_units(&first, UnitSettings { program: &program, after: &[], variables: &variables });
    if !before.is_empty() {
        units.push(UnitFile {
            name: format!("{MEMBER_UNIT}.d/boot.conf"),
            text: format!("[Unit]\nAfter={0}\nWants={0}\n", before.join(" ")),
        });
    }
    let reloads = settings.zip(nameservice).and_then(|(settings, process)| match settings.reload {
        Reload::Restart => Some(format!("restart {}", process_unit_name(&process.name))),
        Reload::Hangup => Some(format!("kill --signal=SIGHUP {}", process_unit_name(&process.name))),
        // That is run by the step itself.
        Reload::Command(_) => None,
    });
    units.push(zone_unit(&node, &program, owner.as_deref(), reloads));
    variables.extend(variables_of_zone(&node));
    let after = UnitSettings { program: &program, after: &[ZONE_UNIT], variables: &variables };
    units.extend(process_units(&node.boot.processes, after));
    Ok(units)
}

/// The variables of the zone, as far as they are known before it was ever started.
fn variables_of_zone(node: &Node) -> BTreeMap<String, String> {
    Members::known(node).map(|members| members.variables()).unwrap_or_default()
}

/// As whom the nameservice runs: who owns the node directory, so that it reads what is private there.
fn owner(node: &Node) -> Result<Option<String>> {
    let root = node.paths.root();
    let metadata = std::fs::metadata(root).map_err(|error| Failure::read(root, &error))?;
    Ok((metadata.uid() != 0).then(|| metadata.uid().to_string()))
}

fn zone_unit(node: &Node, program: &Path, owner: Option<&str>, reloads: Option<String>) -> UnitFile {
    let word = |path: &Path| model::plan::unit_word(&path.to_string_lossy());
    let mut text = format!(
        "[Unit]\nDescription=The zone of this node takes requests\nAfter={MEMBER_UNIT}\nWants={MEMBER_UNIT}\n\
         StartLimitIntervalSec=0\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
    );
    if let Some(owner) = owner {
        text += &format!("User={owner}\n");
    }
    text += &format!("ExecStart={} boot connect --config {}\n", word(program), word(&node.file));
    if let Some(reloads) = reloads {
        // Other units are restarted by root alone.
        text += &format!("ExecStartPost=+systemctl {reloads}\n");
    }
    text += "TimeoutStartSec=infinity\nRestart=on-failure\nRestartSec=5s\n\n[Install]\n\
             WantedBy=multi-user.target\n";
    UnitFile { name: ZONE_UNIT.to_owned(), text }
}

/// Writes units into a directory. One that is there already, with another text, stays.
///
/// # Errors
/// One cannot be written, or another one is there.
pub fn write_units(directory: &Path, units: &[UnitFile]) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for UnitFile { name, text } in units {
        let path = directory.join(name);
        match zone_pki::regular_file::read_to_string(&path) {
            Ok(present) if present == *text => continue,
            Ok(_) => {
                return Err(Failure::bad_input(format!("{} is there, and differs", path.shown()))
                    .next("name an empty directory with --out, and compare"));
            }
            Err(_) => {}
        }
        let parent = path.parent().unwrap_or(directory);
        std::fs::create_dir_all(parent).map_err(|error| Failure::write(parent, &error))?;
        let mut file = std::fs::File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| Failure::write(&path, &error))?;
        std::io::Write::write_all(&mut file, text.as_bytes())
            .map_err(|error| Failure::write(&path, &error))?;
        written.push(path);
    }
    Ok(written)
}
