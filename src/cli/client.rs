//! The arguments of `env` and `ctl`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::{EtcdArgs, SiteArgs};

#[derive(Debug, Args)]
pub struct EnvArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The client whose certificate to use
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub client: String,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: EnvFormat,
}

/// The output format of `env`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EnvFormat {
    /// Variables of etcdctl, for a shell to evaluate
    #[default]
    Shell,
    /// A command line of curl, which reads the key foo from the first member
    Curl,
}

#[derive(Debug, Args)]
#[command(mut_arg("etcd", |etcd| {
    etcd.help("Run the etcdctl beside this etcd binary instead of the bundled one")
}))]
#[command(mut_arg("system_etcd", |system| {
    system.help("Allow the etcdctl beside the etcd in PATH if none is bundled")
}))]
pub struct CtlArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    /// The client whose certificate to use
    #[arg(long, value_name = "NAME", default_value = "admin")]
    pub client: String,
    #[command(flatten)]
    pub etcd: EtcdArgs,
    /// Arguments for etcdctl; its options follow `--`
    #[arg(trailing_var_arg = true, required = true, value_name = "ARGS", allow_hyphen_values = true)]
    pub arguments: Vec<OsString>,
}
