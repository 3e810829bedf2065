//! `version`: this program, and the versions of etcd that are here for it.

use std::env::consts::{ARCH, OS};
use std::fmt::Write as _;

use serde::Serialize;
use zone_pki::ShowPath;

use crate::cli::{Format, VersionArgs};
use crate::output::{json, print};
use etcd::{BinaryRequest, EtcdBinary, EtcdVersion, binary_failure, versions_here};
use model::error::Result;

#[derive(Serialize)]
struct Report {
    version: &'static str,
    system: String,
    /// What is run where zone.toml names no version.
    default_etcd: String,
    etcd: Vec<Etcd>,
}

#[derive(Serialize)]
struct Etcd {
    version: String,
    path: String,
    origin: String,
    /// Compared with the manifest just now; of one that is not unpacked yet, nothing.
    sha256: Option<String>,
}

pub(super) fn run(arguments: &VersionArgs) -> Result<()> {
    let versions = versions_here().map_err(binary_failure)?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        system: format!("{OS}-{ARCH}"),
        default_etcd: EtcdVersion::DEFAULT.to_string(),
        etcd: versions.into_iter().map(found).collect::<Result<_>>()?,
    };
    print(&match arguments.format {
        Format::Text => text(&report),
        Format::Json => json(&report)?,
    })
}

fn found(version: EtcdVersion) -> Result<Etcd> {
    let request = BinaryRequest { version: Some(version), looks_only: true, ..BinaryRequest::default() };
    let (binary, verified) = EtcdBinary::find(&request, None).map_err(binary_failure)?;
    Ok(Etcd {
        version: binary.version.to_string(),
        path: binary.path.shown().to_string(),
        origin: binary.origin.to_string(),
        sha256: verified.sha256().map(str::to_owned),
    })
}

fn text(report: &Report) -> String {
    let mut out = format!("zone-etcd {} {}\n", report.version, report.system);
    for etcd in &report.etcd {
        let is_default = if etcd.version == report.default_etcd { ", the default" } else { "" };
        let _ = writeln!(out, "etcd {}{is_default}\n  {}\n  {}", etcd.version, etcd.path, etcd.origin);
        if let Some(sha256) = &etcd.sha256 {
            let _ = writeln!(out, "  sha256 {sha256}");
        }
    }
    if report.etcd.is_empty() {
        let _ = writeln!(out, "no etcd is here: the default would be {}", report.default_etcd);
    }
    out
}
