//! The families of tickets, and how the key of each is recognised in memory.
//!
//! A new family is one new file beside the others and one line in [`FAMILIES`]: it says what a ticket that may be its
//! own is tried on. A key that is one secret is a [`WholeLock`](super::lock::WholeLock): how many bytes it has, and a
//! function that tells whether some bytes open the ticket.

mod aead;
mod botan;
mod gnutls;
mod go;
mod openssl;

pub(super) use self::aead::{family_of, parts_of};
use super::lock::{Clues, Lock};

/// What a ticket is tried on, if it can be the family's; nothing if its bytes say that it is not.
type Family = fn(&[u8], &Clues) -> Vec<Lock>;

/// Every family, the common ones first.
static FAMILIES: &[Family] = &[openssl::locks, go::locks, gnutls::locks, aead::locks, botan::locks];

/// All that a ticket is tried on.
pub(super) fn locks(ticket: &[u8], clues: &Clues) -> Vec<Lock> {
    FAMILIES.iter().flat_map(|family| family(ticket, clues)).collect()
}
