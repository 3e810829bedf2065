//! `manifest.sig` of a bundle: whatever is in it, only the root that the manifest names has signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use store::bundle::OpenBundle;
use zone_etcd_fuzz::bundle;

fuzz_target!(|envelope: &[u8]| {
    let manifest = bundle::manifest(&json!([]));
    let mut archive = Vec::new();
    bundle::append_leading(&mut archive, &manifest, envelope);
    archive.extend([0; 1024]);
    let bytes = bundle::plain(&archive);
    if let Ok(bundle) = OpenBundle::open(bytes.as_slice(), None)
        && let Ok(root) = bundle.verify_signature()
    {
        assert_eq!(root.der(), bundle::root().certificate().der());
    }
});
