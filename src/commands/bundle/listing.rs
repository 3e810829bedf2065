//! What `bundle inspect` prints: the same for the same bundle, wherever and whenever it is read.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zone_pki::{Certificate, hex};

use model::report::{Table, human_names};
use store::bundle::{KeyPlace, Manifest, Seal};
use store::zone_directory::SignerName;

/// A bundle that was read to its end. Fields are added, never renamed.
#[derive(Serialize)]
pub(super) struct Inspected {
    seal: Seal,
    /// Which CA signed the manifest.
    signer: SignerName,
    /// The fingerprint of its certificate, as openssl prints it.
    signer_sha256: String,
    manifest_sha256: String,
    manifest: Manifest,
    certificates: Vec<InspectedCertificate>,
}

#[derive(Serialize)]
pub(super) struct InspectedCertificate {
    path: String,
    subject: String,
    issuer: String,
    names: Vec<String>,
    serial: String,
    not_after: String,
    #[serde(skip)]
    shown_names: String,
}

impl InspectedCertificate {
    pub(super) fn new(path: &str, certificate: &Certificate) -> Self {
        let shown_names =
            if certificate.is_authority() { String::new() } else { human_names(certificate.names()) };
        Self {
            path: path.to_owned(),
            subject: certificate.subject().to_owned(),
            issuer: certificate.issuer().to_owned(),
            names: certificate.names().iter().map(ToString::to_string).collect(),
            serial: certificate.serial_hex(),
            not_after: rfc3339(certificate.not_after()),
            shown_names,
        }
    }
}

impl Inspected {
    pub(super) fn new(
        manifest: &Manifest,
        seal: Seal,
        (signer, signer_sha256): (SignerName, String),
        certificates: Vec<InspectedCertificate>,
    ) -> Self {
        let manifest_sha256 = hex::encode(&manifest.digest());
        Self { seal, signer, signer_sha256, manifest_sha256, manifest: manifest.clone(), certificates }
    }

    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}", self.facts(), self.files(), self.certificate_table())
    }

    fn facts(&self) -> String {
        let manifest = &self.manifest;
        let start = match (manifest.may_bootstrap, &manifest.cluster_id) {
            (true, _) => "may bootstrap the cluster, or join it",
            (false, Some(_)) => "may only join a cluster that runs",
            (false, None) => "none on this node",
        };
        let keys = match manifest.keys {
            KeyPlace::Included => "in the bundle",
            KeyPlace::OnNode => "on the node, which made them",
        };
        let mut table = Table::new(&[]);
        let mut row = |name: &str, value: &str| table.row([name.to_owned(), value.to_owned()]);
        row("zone", &manifest.zone);
        row("node", &manifest.node);
        row("bundle", &manifest.sequence.to_string());
        row("issued", &rfc3339(manifest.issued_at));
        row("expires", &rfc3339(manifest.expires_at));
        row("seal", &self.seal.to_string());
        row("signed by", &format!("the {} CA, SHA-256 {}", self.signer, self.signer_sha256));
        row("manifest", &format!("SHA-256 {}", self.manifest_sha256));
        row("cluster", manifest.cluster_id.as_deref().unwrap_or("none"));
        row("token", &manifest.token);
        row("member", start);
        row("keys", keys);
        table.render()
    }

    fn files(&self) -> String {
        let mut table = Table::new(&["mode", "size", "sha256", "file"]);
        for file in &self.manifest.files {
            table.row([
                format!("{:04o}", file.mode.bits()),
                file.size.to_string(),
                file.sha256.clone(),
                file.path.clone(),
            ]);
        }
        table.render()
    }

    fn certificate_table(&self) -> String {
        let mut table = Table::new(&["certificate", "expires", "subject", "issuer", "names"]);
        for certificate in &self.certificates {
            table.row([
                certificate.path.clone(),
                certificate.not_after.clone(),
                certificate.subject.clone(),
                certificate.issuer.clone(),
                certificate.shown_names.clone(),
            ]);
        }
        table.render()
    }
}

fn rfc3339(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}
