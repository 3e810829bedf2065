//! The zone document over HTTP: fetched, and told of in files.

mod bases;
mod fetching;
mod provider_file;
mod stand_in;
mod verified_by_url;
