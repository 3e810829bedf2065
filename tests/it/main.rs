//! Tests of the program through its command line and its public library, without running etcd for long.
//!
//! | module | what it holds |
//! |---|---|
//! | [`configuration`] | `zone.toml`: every fault with its place, and what is valid |
//! | [`bad_input`] | files, disks, ports and binaries that are wrong: one error, nothing lost |
//! | [`malformed`] | bundles, PEM, JSON and requests that are wrong in one way: a row for each |
//! | [`bad_peers`] | other members that are slow, broken, or others: a decision within seconds |
//! | [`activation`] | `activate`: whose bundle it is, for whom, what is written, and what is left alone |
//! | [`answers`] | what nodes say of themselves in etcd: believed or not
//! | [`bundle`] | bundles: what is in them, what opens them, and every way to be damaged |
//! | [`cfssl`] | certificates by cfssl, and what is wrong with some of its profiles |
//! | [`claims`] | docs/claims.md: every promise, and the command that shows it |
//! | [`clock`] | a clock that is wrong: what is refused, what is named |
//! | [`ca_keys`] | CA keys under a passphrase, and where that comes from |
//! | [`rehearsal`] | what a rehearsal says of what its clients noted |
//! | [`requests`] | `pki csr` and `pki sign`: keys that never leave their node |
//! | [`renewal`] | `pki renew` where no member runs |
//! | [`revocation`] | `pki revoke` where no member runs: what is recorded, listed and refused |
//! | [`rotation`] | `pki rotate-ca` where no member runs: `ca/`, and what is carried |
//! | [`command_line`] | the commands and what they leave on disk |
//! | [`existing_ca`] | CAs that openssl and cfssl made: taken, asked for certificates, refused |
//! | [`go_rules`] | certificates that Go refuses or takes, each as `plan` judges it |
//! | [`golden`] | the exact command lines and reports of `plan` |
//! | [`examples`] | the examples against the launch lines that they stand for
//! | [`existing_certificates`] | certificates that were made elsewhere: each fault by its name
//! | [`local_config`] | `node.json`: each fault with its place
//! | [`flags`] | flags that the user hands through to etcd |
//! | [`packed`] | etcd in the program itself: unpacked, and refused where it cannot be believed |
//! | [`properties`] | what holds for every zone description, and tables that check themselves |
//! | [`diagnosis`] | lines that etcd printed, explained |
//! | [`export`] | files for other software, read by it |
//! | [`terminal`] | what others wrote, which does nothing to a terminal and passes for no line of ours |
//! | [`rooms`] | modules import each other one way |
//! | [`schemas`] | the JSON Schemas of reports: complete, and compatible with those published before |
//! | [`nameservice`] | the zone document over HTTP: fetched, verified |
//! | [`zone_document`] | the zone document: its shape, its signature, whether it is accepted |
//! | [`supervision`] | processes that are started, awaited, restarted and stopped |
//! | [`words`] | help, messages and documents: the terms of docs/terms.md |
//! | [`verdict`] | `plan`, `check` and `run` on the same start: one exit code, one reason |
//! | [`dns`] | `dns export`, and `dns check` against name servers that are wrong or fail |
//! | [`dry_run`] | `--dry-run` where no member runs: what would be done, and nothing is |
//! | [`source_documents`] | docs/source-documents.md, and what those documents have as input |
//! | [`documents`] | the commands in README.md and docs/ |
//! | [`pages`] | links of pages, and diagrams that are those of their sources |
//! | [`support`] | what these share |

#![allow(clippy::disallowed_methods, reason = "paths of tests are what the test made them")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first thing that goes wrong")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a test prints is shown when it fails")]

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod activation;
mod answers;
mod bad_input;
mod bad_peers;
mod boot_config;
mod bundle;
mod ca_keys;
mod cfssl;
mod claims;
mod clock;
mod command_line;
mod configuration;
mod diagnosis;
mod dns;
mod documents;
mod dry_run;
mod examples;
mod existing_ca;
mod existing_certificates;
mod export;
mod flags;
mod go_rules;
mod golden;
mod local_config;
mod logging;
mod malformed;
mod nameservice;
mod packed;
mod pages;
mod properties;
mod rehearsal;
mod renewal;
mod requests;
mod revocation;
mod rooms;
mod rotation;
mod schemas;
mod source_documents;
mod supervision;
mod support;
mod terminal;
mod verdict;
mod words;
mod zone_document;
