//! What `zone-etcd` says about what is wrong.

mod checks;
mod log;
mod log_forms;
mod log_pages;
