//! What clients outside of the zone directory need at a stage: the CAs to trust, and what to do with them.

use std::path::{Path, PathBuf};

use zone_pki::regular_file;

use super::stage::Stage;
use model::error::Result;
use store::zone_directory::{Authorities, create_directory, create_file};

/// Writes the kit of a stage below `directory`, in a directory of its own. It holds no secret. One that is
/// there and says the same stays. Returns where it is.
pub fn write_kit(directory: &Path, stage: Stage, authorities: &Authorities, zone: &str) -> Result<PathBuf> {
    let roots: String =
        authorities.trusted_by_clients().into_iter().map(zone_pki::Certificate::pem).collect();
    let mut number = 1_u32;
    let home = loop {
        let name = if number == 1 { stage.name().to_owned() } else { format!("{}-{number}", stage.name()) };
        let home = directory.join(name);
        match regular_file::read_to_string(&home.join("ca.crt")) {
            Ok(present) if present == roots => return Ok(home),
            Ok(_) => number += 1,
            Err(_) if home.exists() => number += 1,
            Err(_) => break home,
        }
    };
    create_directory(&home)?;
    create_file(&home.join("README.txt"), &text(stage, zone, authorities))?;
    create_file(&home.join("ca.crt"), &roots)?;
    Ok(home)
}

fn text(stage: Stage, zone: &str, authorities: &Authorities) -> String {
    let roots: Vec<String> = authorities
        .trusted_by_clients()
        .into_iter()
        .map(|root| {
            format!(
                "    {}\n    SHA-256 {}\n",
                root.subject(),
                zone_pki::hex::encode(&root.fingerprint_sha256())
            )
        })
        .collect();
    let advice = match stage {
        Stage::Before => "The rotation was taken back. Trust these alone again.",
        Stage::TrustBoth => {
            "Give ca.crt to every client of the zone before the next stage: from then on members may show \
             certificates of either."
        }
        Stage::NewLeaves => {
            "Give every client its new certificate, which is in clients/NAME/current/ of the zone \
             directory, before the next stage: the old ones are refused from then on."
        }
        Stage::DropOld => "Only these are needed from now on. Clients can forget any other.",
    };
    format!("Zone {zone}, stage {stage} of a CA rotation.\n\n{advice}\n\nca.crt holds:\n{}", roots.concat())
}
