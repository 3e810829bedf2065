//! The files of a bundle whose manifest is signed: one that is right is read, and one with any fault is
//! refused.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use store::bundle::{FileEntry, FileMode, Manifest};
use tar::EntryType;
use zone_etcd_fuzz::bundle;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    files: Vec<File<'a>>,
    /// Which of them has the fault.
    at: u8,
    fault: Option<Fault<'a>>,
}

#[derive(Arbitrary, Debug)]
struct File<'a> {
    place: Place,
    name: &'a str,
    mode: Mode,
    bytes: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Place {
    Anywhere,
    Generation,
    Program,
    Etcd,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Mode {
    Private,
    Public,
    Program,
}

/// What the archive has, and the manifest has not.
#[derive(Arbitrary, Debug)]
enum Fault<'a> {
    Path(&'a str),
    Size(u64),
    Mode(u16),
    Kind(u8),
    Bytes(&'a [u8]),
    Left,
    Twice,
    /// The archive ends so many bytes before its end.
    Cut(u16),
    /// Something follows.
    Trailing(&'a [u8]),
}

fuzz_target!(|input: Input<'_>| {
    let listed: Vec<Value> = input.files.iter().map(File::listed).collect();
    let manifest = bundle::manifest(&Value::from(listed));
    let Ok(parsed) = Manifest::parse(manifest.clone()) else { return };
    parsed.files.iter().for_each(|file| bundle::check_path(&file.path));
    let (bytes, is_right) = input.archive(&manifest);
    match bundle::read(&bytes, None) {
        Ok(files) => {
            assert!(is_right, "{:?} is not seen", input.fault);
            assert!(files.iter().eq(input.files.iter().map(|file| file.bytes)));
        }
        Err(error) => assert!(!is_right, "{error}"),
    }
});

impl Input<'_> {
    /// The bundle, and whether it is what the manifest says.
    fn archive(&self, manifest: &[u8]) -> (Vec<u8>, bool) {
        let mut archive = Vec::new();
        bundle::append_leading(&mut archive, manifest, &bundle::signature(manifest));
        let mut is_right = true;
        for (index, file) in self.files.iter().enumerate() {
            let fault = self.fault.as_ref().filter(|_| index == usize::from(self.at) % self.files.len());
            is_right &= file.append(&mut archive, fault);
        }
        archive.extend([0; 1024]);
        match self.fault {
            Some(Fault::Cut(count)) if count > 0 => {
                archive.truncate(archive.len() - usize::from(count).min(archive.len()));
                is_right = false;
            }
            Some(Fault::Trailing(bytes)) if !bytes.is_empty() => {
                archive.extend_from_slice(bytes);
                is_right = false;
            }
            _ => {}
        }
        (bundle::plain(&archive), is_right)
    }
}

impl File<'_> {
    fn path(&self) -> String {
        let place = match self.place {
            Place::Anywhere => "",
            Place::Generation => "pki/",
            Place::Program => "bin/",
            Place::Etcd => "libexec/zone-etcd/3.7.3/",
        };
        format!("{place}{}", self.name)
    }

    fn mode(&self) -> FileMode {
        match self.mode {
            Mode::Private => FileMode::Private,
            Mode::Public => FileMode::Public,
            Mode::Program => FileMode::Program,
        }
    }

    fn listed(&self) -> Value {
        json!(FileEntry::of(self.path(), self.bytes, self.mode()))
    }

    /// Writes it, with the fault if it has one. Returns whether it is what the manifest says.
    fn append(&self, archive: &mut Vec<u8>, fault: Option<&Fault<'_>>) -> bool {
        let (path, size, mode) = (self.path(), self.bytes.len() as u64, self.mode().bits());
        let mut write = |path: &str, size, mode, kind, bytes: &[u8]| {
            bundle::append_header(archive, path.as_bytes(), size, mode, kind);
            bundle::append_bytes(archive, bytes);
        };
        let regular = EntryType::Regular;
        match fault {
            Some(Fault::Path(other)) => {
                write(other, size, mode, regular, self.bytes);
                // So it stands in a header.
                let stored = other.as_bytes().split(|byte| *byte == 0).next().unwrap_or_default();
                &stored[..stored.len().min(100)] == path.as_bytes()
            }
            // Larger than an archive can say.
            Some(Fault::Size(other)) => {
                let other = other % (1 << 33);
                write(&path, other, mode, regular, self.bytes);
                other == size
            }
            Some(Fault::Mode(other)) => {
                write(&path, size, u32::from(*other), regular, self.bytes);
                u32::from(*other) == mode
            }
            Some(Fault::Kind(other)) => {
                let kind = EntryType::new(*other);
                write(&path, size, mode, kind, self.bytes);
                kind == EntryType::Regular
            }
            Some(Fault::Bytes(other)) => {
                write(&path, size, mode, regular, other);
                // Blanks at the end may as well be those up to the next block.
                padded(other) == padded(self.bytes)
            }
            Some(Fault::Left) => false,
            Some(Fault::Twice) => {
                write(&path, size, mode, regular, self.bytes);
                write(&path, size, mode, regular, self.bytes);
                false
            }
            Some(Fault::Cut(_) | Fault::Trailing(_)) | None => {
                write(&path, size, mode, regular, self.bytes);
                true
            }
        }
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(512), 0);
    padded
}
