//! `tktdump probe` against running servers: what it says is what they were set up to do.

// JSON that is not there is null
#![allow(clippy::indexing_slicing)]

pub(crate) mod documents;
pub(crate) mod mail;
pub(crate) mod nginx;
pub(crate) mod peers;
pub(crate) mod pools;
pub(crate) mod servers;
mod tool;
