//! Root, acting as who owns what it works on.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;

use nix::unistd::{Gid, Uid, User, geteuid, initgroups, setgroups, setresgid, setresuid};

use super::service_manager::leave_an_agent;
use model::report::{shell_quoted, shell_quoted_path};

/// Who this process was made to act as.
static OWNER: OnceLock<User> = OnceLock::new();

/// Has this process be the owner of a directory from here on, if it is root's and the directory another
/// user's: what root writes there the owner could not read, and what the owner can write root should not
/// believe, least of all commands.
///
/// Root is given up for good: the real, the effective and the saved ids are the owner's, as those of every
/// process that is started from here. What only root may do, another process does (see
/// [`super::restart_service`]).
pub fn act_as_owner(directory: &Path) -> io::Result<()> {
    let metadata = fs::metadata(directory)?;
    if !geteuid().is_root() || metadata.uid() == 0 {
        return Ok(());
    }
    let uid = Uid::from_raw(metadata.uid());
    leave_an_agent(uid)?;
    let user = User::from_uid(uid).map_err(io::Error::from)?;
    match &user {
        Some(user) => {
            let name = CString::new(user.name.as_str())?;
            initgroups(&name, user.gid).and_then(|()| setresgid(user.gid, user.gid, user.gid))
        }
        // This user's groups are not known. That of the directory may be root's still.
        None => {
            let gid =
                if metadata.gid() == 0 { Gid::from_raw(uid.as_raw()) } else { Gid::from_raw(metadata.gid()) };
            setgroups(&[]).and_then(|()| setresgid(gid, gid, gid))
        }
    }
    .and_then(|()| setresuid(uid, uid, uid))
    .map_err(io::Error::from)?;
    if setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).is_ok() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "root could not be given up"));
    }
    if let Some(user) = user {
        let _ = OWNER.set(user);
    }
    Ok(())
}

/// What a process that is started from here is to find in its environment, where root has become the owner.
pub fn environment_of_owner() -> Vec<(&'static str, String)> {
    let Some(user) = OWNER.get() else { return Vec::new() };
    let (name, home) = (user.name.clone(), user.dir.to_string_lossy().into_owned());
    vec![("HOME", home), ("USER", name.clone()), ("LOGNAME", name)]
}

/// The next step where something belongs to another user. Root does not take it away from where all else is
/// theirs: a service that runs as they would be locked out.
pub fn step_as_owner(owner: u32, path: &Path) -> String {
    let user = User::from_uid(Uid::from_raw(owner)).ok().flatten();
    let taken = format!("chown {} {}", geteuid(), shell_quoted_path(path));
    if !geteuid().is_root() {
        let name = user.map_or_else(|| owner.to_string(), |user| user.name);
        return format!("run the command as user {name}; or, as root: {taken}");
    }
    let above = path.parent().and_then(|above| fs::metadata(above).ok());
    if !path.is_dir() && above.is_none_or(|above| above.uid() != owner) {
        return format!("if it was not changed: {taken}");
    }
    let words: Vec<String> = std::env::args_os().map(|word| shell_quoted(&word.to_string_lossy())).collect();
    let become_owner = match user {
        Some(user) => format!("runuser -u {}", shell_quoted(&user.name)),
        // runuser(1) wants a name.
        None => format!("setpriv --reuid {owner} --regid {owner} --clear-groups"),
    };
    format!("run the command as its owner: {become_owner} -- {}", words.join(" "))
}
