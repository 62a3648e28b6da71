//! What several dialects read alike.

use crate::tls::wire::Reader;

/// The peer's own certificate, and those after it.
pub(super) type Certificates<'a> = (Option<&'a [u8]>, Vec<&'a [u8]>);

/// Seconds since 1970.
pub(super) fn time(reader: &mut Reader<'_>) -> Option<i64> {
    i64::try_from(reader.u64()?).ok()
}

/// Certificates, each with its length in three bytes: the peer's own, and those after it.
pub(super) fn certificates(list: &[u8]) -> Option<Certificates<'_>> {
    let mut certificates = Reader::list(list, Reader::vec24)?;
    let first = (!certificates.is_empty()).then(|| certificates.remove(0));
    Some((first, certificates))
}

/// Fills `slot`; false if there is no value, or one already.
pub(super) fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    if slot.is_some() || value.is_none() {
        return false;
    }
    *slot = value;
    true
}

/// Whether a name is one that a host can have: what an encoding that is not sure is taken for.
pub(super) fn is_host_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}
