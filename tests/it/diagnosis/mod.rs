//! What `zone-etcd` says about what is wrong.

mod log;
mod log_forms;
mod log_pages;
