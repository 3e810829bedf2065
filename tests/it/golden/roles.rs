//! The role table: what a certificate of each role is, in `roles.text`.

use model::plan::{CLIENT_ROLE, NODE_ROLES};

use super::compare;

#[test]
fn each_role_is_as_designed() {
    let rows = NODE_ROLES.into_iter().chain([CLIENT_ROLE]).map(|role| {
        let usages: Vec<String> = role.usages.iter().map(|usage| usage.to_string()).collect();
        format!(
            "{}\n  plane: {}\n  usages: {}\n  subject: {:?}\n  names: {:?}\n  held by: {:?}\n  file: {}\n",
            role.name,
            role.plane.name(),
            usages.join(", "),
            role.subject,
            role.names,
            role.held_by,
            role.certificate_file()
        )
    });
    compare("roles.text", &rows.collect::<String>());
}
