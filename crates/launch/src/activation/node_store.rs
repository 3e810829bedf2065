//! What is active on a node, and the lock under which that changes.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use zone_pki::private_file::{self, PrivateFileError};
use zone_pki::{Certificate, Generation, GenerationStore, ShowPath, StoreError};

use model::error::{Exit, Failure, Result};
use model::plan::{NodePaths, ROOT_FILE, proposed_on_node};
use store::bundle::{BundleError, Envelope, MANIFEST_FILE, Manifest, SIGNATURE_FILE};
use store::zone_directory::{create_directory, private_failure};

/// A node directory that no other command changes meanwhile.
///
/// The lock is on the directory itself: the file `lock` in it is held by etcd as long as it runs.
#[derive(Debug)]
pub struct NodeStore {
    pub paths: NodePaths,
    pub generations: GenerationStore,
    _held: File,
}

/// The directories that a refused activation would leave behind, empty. What is not empty stays.
#[derive(Debug)]
pub struct EmptyDirectories(Vec<PathBuf>);

impl EmptyDirectories {
    /// Those of a node directory that are not there yet.
    pub fn not_there(root: &Path) -> Self {
        let pki = NodePaths::new(root).generations();
        let above = root.ancestors().take_while(|path| !path.exists()).map(Path::to_owned);
        Self(std::iter::once(pki).filter(|path| !path.exists()).chain(above).collect())
    }
}

impl Drop for EmptyDirectories {
    fn drop(&mut self) {
        for directory in &self.0 {
            // It is in use, or was not made.
            let _ = std::fs::remove_dir(directory);
        }
    }
}

/// A generation that came in a bundle.
#[derive(Debug)]
pub struct BundledGeneration {
    pub generation: Generation,
    pub manifest: Manifest,
}

impl NodeStore {
    /// Takes the lock of a node directory; none if there is no such directory.
    pub fn open(root: &Path) -> Result<Option<Self>> {
        match private_file::check_directory(root) {
            Ok(()) => {}
            Err(PrivateFileError::NotFound) => return Ok(None),
            Err(PrivateFileError::Kind { .. }) => return Err(no_directory(root)),
            Err(error) => return Err(private_failure(root, &error)),
        }
        let directory = File::open(root).map_err(|error| Failure::read(root, &error))?;
        match directory.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::new(
                    Exit::TryAgain,
                    format!("another command activates in {}", root.shown()),
                )
                .next("wait until it has ended, and run the command again"));
            }
            Err(TryLockError::Error(error)) => return Err(Failure::read(root, &error)),
        }
        let paths = NodePaths::new(root);
        let generations = GenerationStore::new(paths.generations());
        Ok(Some(Self { paths, generations, _held: directory }))
    }

    /// Makes the node directory of a first activation.
    pub fn create(root: &Path) -> Result<Self> {
        create_directory(root)?;
        Self::open(root)?.ok_or_else(|| Failure::internal("a directory that was made is not there"))
    }

    pub fn active(&self) -> Result<Option<BundledGeneration>> {
        let current = self.generations.current().map_err(|error| self.unusable(&error))?;
        current.map(|generation| self.read(generation)).transpose()
    }

    /// The generations that came in bundles, by number. One that cannot be read is left out.
    pub fn activated(&self) -> Result<Vec<BundledGeneration>> {
        let all = self.generations.generations().map_err(|error| self.unusable(&error))?;
        Ok(all.into_iter().filter_map(|generation| self.read(generation).ok()).collect())
    }

    /// The command that goes back to the generation before this one, if there is one.
    pub fn way_back(&self, from: &Generation) -> Option<String> {
        let earlier = self.activated().ok()?.into_iter().any(|each| each.generation.number < from.number);
        earlier.then(|| proposed_on_node("activate --rollback", self.paths.root()))
    }

    fn read(&self, generation: Generation) -> Result<BundledGeneration> {
        let path = generation.path.join(MANIFEST_FILE);
        let bytes = generation.read(MANIFEST_FILE).map_err(|error| {
            Failure::bad_input(format!("{} did not come in a bundle", generation.path.shown()))
                .because(&error)
                .next("activate into a directory of its own: --node-dir DIR")
        })?;
        let manifest = Manifest::parse(bytes).map_err(|error| {
            Failure::bad_input(format!("{} cannot be read", path.shown())).because(&error).next(self.advice())
        })?;
        Ok(BundledGeneration { generation, manifest })
    }

    /// The failure of a store whose links or directories are not as they have to be.
    pub fn unusable(&self, error: &StoreError) -> Failure {
        Failure::bad_input(format!("cannot read what is active in {}", self.paths.root().shown()))
            .because(error)
            .next(self.advice())
    }

    pub fn unwritten(&self, error: &StoreError) -> Failure {
        let what = format!("cannot write to {}", self.generations.directory().shown());
        Failure::write_chain(what, error, "what was active is active still, or the new one is, whole")
    }

    fn advice(&self) -> String {
        let pki: PathBuf = self.paths.generations();
        format!("move {} away, and activate the node's newest bundle again", pki.shown())
    }
}

fn no_directory(root: &Path) -> Failure {
    Failure::bad_input(format!("{} is not a directory", root.shown()))
        .because("a node has a directory of its own for its certificates and its data")
        .next("name one that is there, or is to be made: --node-dir DIR")
}

impl BundledGeneration {
    /// The CA that signed its bundle, which the next one has to be signed by as well.
    pub fn signer(&self, store: &NodeStore) -> Result<Certificate> {
        let path = self.generation.path.join(SIGNATURE_FILE);
        let failed = |why: String| {
            Failure::bad_input(format!("{} does not fit what was activated", path.shown())).because(why).next(
                match store.way_back(&self.generation) {
                    Some(command) => format!("go back to the generation before: {command}"),
                    None => store.advice(),
                },
            )
        };
        let [signature, trusted] = [SIGNATURE_FILE, ROOT_FILE]
            .map(|name| self.generation.read(name).map_err(|error| failed(error.to_string())));
        let check = |signature: &[u8], trusted: &[u8]| -> std::result::Result<Certificate, BundleError> {
            let envelope = Envelope::parse(signature)?;
            let signer = envelope.certificate()?;
            envelope.verify(&self.manifest, &signer)?;
            envelope.check_trust_file(trusted)?;
            Ok(signer)
        };
        check(&signature?, &trusted?).map_err(|error| failed(error.to_string()))
    }
}
