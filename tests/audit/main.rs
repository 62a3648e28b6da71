//! `tktdump audit` as its users run it: exit status, outputs, policies, and the recipes of the documentation.

mod ci;
mod documents;
mod keys;
mod outputs;
mod policy;
mod run;
