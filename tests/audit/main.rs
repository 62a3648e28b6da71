//! `tktdump audit` as its users run it: exit status, outputs, policies, and the recipes of the documentation.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::missing_panics_doc)]

mod captures;
mod ci;
mod documents;
mod keys;
mod outputs;
mod policy;
mod run;
