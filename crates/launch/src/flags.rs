//! The flags that etcd is given beside ours: whether they may be given, and whether the etcd that will run
//! takes their values.

use super::LaunchOptions;
use super::failures::flag_failure;
use etcd::binary_failure;
use etcd::{BinaryError, EtcdBinary, ExtraFlagError, ExtraFlags, Origin, VerifiedBinary, judge};
use model::config::Node;
use model::error::Result;
use store::site::Site;

/// Checks the flags of the description and those of the command line. What etcd takes is noted in `verified`,
/// so that it is asked once.
pub(super) fn check(
    site: &Site,
    node: &Node,
    options: &LaunchOptions,
    binary: &EtcdBinary,
    verified: &mut VerifiedBinary,
) -> Result<ExtraFlags> {
    let etcd = site.etcd_settings(node)?;
    let names = |configured: &[(String, String)], given: &[String]| {
        ExtraFlags::check(configured, given, binary.version, binary.line, etcd.tls_minimum)
    };
    // Each place is judged alone, so that a fault of the file is not taken for one of the command line.
    let in_file = names(&etcd.flags, &[]);
    let given = names(&[], &options.flags);
    let all = names(&etcd.flags, &options.flags).map_err(|_| {
        flag_failure(site, &in_file.clone().err().unwrap_or_default(), given.err().unwrap_or_default())
    })?;
    // One that is only looked for, and not unpacked yet, is asked by the first start.
    let is_packed = matches!(binary.origin, Origin::Packed { .. });
    if all.is_empty() || is_packed || verified.has_accepted(&all) {
        return Ok(all);
    }
    let judged = |flags: &ExtraFlags| -> Result<Option<ExtraFlagError>> {
        let said = judge(&binary.path, flags).map_err(|error| {
            binary_failure(BinaryError::DidNotAnswer { path: binary.path.clone(), reason: error.to_string() })
        })?;
        Ok(said.map(|said| ExtraFlagError::RefusedByEtcd { version: binary.version, said }))
    };
    let Some(error) = judged(&all)? else {
        verified.accept(&all);
        return Ok(all);
    };
    match in_file.unwrap_or_default() {
        flags if flags.is_empty() => Err(flag_failure(site, &[], vec![error])),
        flags => Err(match judged(&flags)? {
            Some(in_file) => flag_failure(site, &[in_file], Vec::new()),
            None => flag_failure(site, &[], vec![error]),
        }),
    }
}
