//! What a running server does with sessions, planned and judged: which connections to make ([`plan`]), what each of
//! them showed ([`seen`]), which nodes of a pool take each other's sessions ([`matrix`]), and what is wrong
//! ([`verdicts`]).
//!
//! Nothing here opens a socket. Whoever connects records the bytes on a [`tape::Tape`], which gives packets that the
//! library's own [`Capture`](crate::capture::Capture) explains: a probe and a capture of it say the same.

pub mod endpoints;
pub mod fleet;
pub mod matrix;
pub mod plan;
pub mod seen;
pub mod tamper;
pub mod tape;
pub mod verdicts;
