//! What `dev` says once the zone is ready.

use std::path::Path;
use std::time::Duration;

use zone_pki::ShowPath;

use etcd::EtcdBinary;
use model::config::ClientName;
use model::plan::{CLIENT_ROLE, ROOT_FILE};
use model::report::{Table, shell_quoted_path};
use store::zone_directory::ZoneDirectory;

/// The members, where everything is, and, if nothing else runs, lines to copy.
pub(super) fn summary(
    zone: &ZoneDirectory,
    etcd: &EtcdBinary,
    leader: &str,
    took: Duration,
    to_copy: bool,
) -> String {
    let count = zone.config.members().count();
    let mut text = format!(
        "{} is ready: etcd {}, {count} member{}, mutual TLS, after {:.2} s\n",
        zone.config.name,
        etcd.version,
        if count == 1 { "" } else { "s" },
        took.as_secs_f64(),
    );
    let mut table = Table::new(&[]);
    for node in zone.config.members() {
        let mark = if node.name.short() == leader { "  leader" } else { "" };
        table.row([node.name.short().to_owned(), node.client_url() + mark]);
    }
    let admin = zone.paths.client_current(&ClientName::admin());
    table.row(["zone".to_owned(), zone.paths.root().shown().to_string()]);
    table.row(["admin".to_owned(), format!("{}/{{ca.crt,client.crt,client.key}}", admin.shown())]);
    text.push_str(&table.render_indented());
    if to_copy {
        text.push_str(&lines_to_copy(zone, etcd, &admin));
    }
    text
}

fn lines_to_copy(zone: &ZoneDirectory, etcd: &EtcdBinary, admin: &Path) -> String {
    let files = [ROOT_FILE, &CLIENT_ROLE.certificate_file(), &CLIENT_ROLE.key_file()];
    let [ca, cert, key] = files.map(|file| shell_quoted_path(&admin.join(file)));
    let etcdctl = shell_quoted_path(&etcd.path.with_file_name("etcdctl"));
    let endpoints = zone.config.client_urls();
    format!(
        "\nto try it:\n  {etcdctl} --cacert {ca} --cert {cert} --key {key} --endpoints {} endpoint status -w \
         table\n  curl --cacert {ca} --cert {cert} --key {key} {}/health\n\nCtrl-C stops it\n",
        endpoints.join(","),
        endpoints.first().map_or("", String::as_str),
    )
}
