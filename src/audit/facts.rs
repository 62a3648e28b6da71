//! What rules judge: facts about keys, tickets and captures.

pub mod capture;
pub mod keys;
pub mod ticket;
