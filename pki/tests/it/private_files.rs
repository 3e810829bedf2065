//! Files that hold secrets: their modes, and what is not read.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use zone_pki::private_file::{self, PrivateFileError};

use crate::support::{child_directory, private_directory, run_child};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn modes_are_those_asked_for_whatever_the_umask() {
    if let Some(directory) = child_directory() {
        private_file::create(&directory.join("private"), b"secret", 0o600).unwrap();
        return private_file::create(&directory.join("public"), b"open", 0o644).unwrap();
    }
    for (umask, public) in [("000", 0o644), ("022", 0o644), ("077", 0o600)] {
        let directory = private_directory();
        run_child(
            &format!(r#"umask {umask}; exec "$0" "$@""#),
            "private_files::modes_are_those_asked_for_whatever_the_umask",
            directory.path(),
        );
        assert_eq!(mode(&directory.path().join("private")), 0o600, "umask {umask}");
        assert_eq!(mode(&directory.path().join("public")), public, "umask {umask}");
    }
}

#[test]
fn nothing_is_overwritten_not_even_through_a_dangling_link() {
    let directory = private_directory();
    let path = directory.path().join("key");
    private_file::create(&path, b"first", 0o600).unwrap();
    assert!(matches!(private_file::create(&path, b"second", 0o600), Err(PrivateFileError::Exists)));
    assert_eq!(**private_file::read(&path).unwrap(), *b"first");
    let link = directory.path().join("link");
    symlink(directory.path().join("nowhere"), &link).unwrap();
    assert!(matches!(private_file::create(&link, b"x", 0o600), Err(PrivateFileError::Exists)));
    assert!(!directory.path().join("nowhere").exists());
}

#[test]
fn only_private_regular_files_with_content_are_read() {
    let directory = private_directory();
    let path = directory.path().join("key");
    assert!(matches!(private_file::read(&path), Err(PrivateFileError::NotFound)));
    private_file::create(&path, b"secret", 0o600).unwrap();
    let link = directory.path().join("link");
    symlink("key", &link).unwrap();
    assert_eq!(**private_file::read(&link).unwrap(), *b"secret");
    for open in [0o640, 0o604, 0o610, 0o602, 0o644] {
        fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
        let result = private_file::read(&path);
        assert!(matches!(result, Err(PrivateFileError::Mode { mode }) if mode == open), "{open:o}");
        assert!(private_file::read(&link).is_err());
    }
    let empty = directory.path().join("empty");
    private_file::create(&empty, b"", 0o600).unwrap();
    assert!(matches!(private_file::read(&empty), Err(PrivateFileError::Empty)));
    assert!(matches!(private_file::read(directory.path()), Err(PrivateFileError::Kind { .. })));
    let pipe = directory.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR).unwrap();
    assert!(matches!(private_file::read(&pipe), Err(PrivateFileError::Kind { .. })));
}

#[test]
fn a_file_of_another_user_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let directory = private_directory();
    let path = directory.path().join("key");
    private_file::create(&path, b"secret", 0o600).unwrap();
    std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
    assert!(matches!(private_file::read(&path), Err(PrivateFileError::Owner { uid: 12345 })));
    std::os::unix::fs::chown(directory.path(), Some(12345), None).unwrap();
    assert!(matches!(
        private_file::check_directory(directory.path()),
        Err(PrivateFileError::Owner { uid: 12345 })
    ));
}

#[test]
fn directories_have_to_be_closed_to_others() {
    let directory = private_directory();
    private_file::check_directory(directory.path()).unwrap();
    for open in [0o750, 0o701, 0o755, 0o1777] {
        fs::set_permissions(directory.path(), Permissions::from_mode(open)).unwrap();
        let result = private_file::check_directory(directory.path());
        assert!(matches!(result, Err(PrivateFileError::Mode { mode }) if mode == open), "{open:o}");
    }
    fs::set_permissions(directory.path(), Permissions::from_mode(0o500)).unwrap();
    private_file::check_directory(directory.path()).unwrap();
    assert!(matches!(private_file::check_directory(Path::new("/nowhere")), Err(PrivateFileError::NotFound)));
    let file = directory.path().join("file");
    fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
    private_file::create(&file, b"x", 0o600).unwrap();
    assert!(matches!(private_file::check_directory(&file), Err(PrivateFileError::Kind { .. })));
}
