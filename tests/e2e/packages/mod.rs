//! The packages that `scripts/packages` makes, on a machine of their own: Debian's under systemd and without
//! it, rpm's without.

mod debian;
mod etcd_in_use;
mod root;
mod rpm;
