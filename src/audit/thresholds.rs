//! What rules compare with.

/// The limits of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// AES keys of fewer bits are findings.
    pub min_key_bits: usize,
    /// The longest that a key may seal, seconds.
    pub max_key_age: i64,
    /// The longest that a ticket may live, seconds; `None`: what the protocol version advises.
    pub max_lifetime: Option<i64>,
    /// Whether every ticket must be opened by the key that seals.
    pub expect_active: bool,
    /// The share of offered tickets, in percent, that a server may refuse.
    pub max_refused_percent: u64,
    /// The longest that a ticket may be, in bytes.
    pub max_ticket_bytes: usize,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_key_bits: 128,
            max_key_age: 7 * 86400,
            max_lifetime: None,
            expect_active: false,
            max_refused_percent: 20,
            max_ticket_bytes: 1024,
        }
    }
}
