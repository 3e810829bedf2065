//! The zone document over HTTP: fetched, told of in files, and served.

mod answers;
mod bases;
mod documents;
mod fetching;
mod hostile_clients;
mod provider_file;
mod server;
mod serving;
mod stand_in;
mod verified_by_url;
