//! Programs that a test puts somewhere and starts. Another process writes them: a file that this one has open
//! for writing while another thread starts a child cannot be executed (ETXTBSY).

use std::path::Path;
use std::process::Command;

/// Writes a program that everybody may run.
#[track_caller]
pub fn write_program(path: &Path, text: impl AsRef<[u8]>) {
    let source = path.with_extension("text");
    std::fs::write(&source, text).expect("the program's text");
    copy_program(&source, path);
    std::fs::remove_file(source).expect("its text goes");
}

/// Copies a program, so that everybody may run the copy.
#[track_caller]
pub fn copy_program(source: &Path, path: &Path) {
    let mut install = Command::new("install");
    let status = install.args(["-m", "755"]).arg(source).arg(path).status().expect("install runs");
    assert!(status.success(), "install {}", path.display());
}
