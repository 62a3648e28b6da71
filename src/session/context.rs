//! What a session ID context tells about the server: applications choose it, and several are known.

/// Who sets such a context, if that can be told.
#[must_use]
pub fn explain(context: &[u8]) -> Option<&'static str> {
    let is_lower_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    match context {
        b"" => Some("empty: any server with this key and no context of its own resumes the session"),
        b"haproxy" => Some("HAProxy up to 2.x"),
        b"lighttpd" => Some("lighttpd"),
        b"hitch" => Some("hitch"),
        b"h2o" => Some("H2O as a client of a proxied server"),
        b"Postfix/TLS\0" => Some("Postfix"),
        _ if context.len() == 32 && context.iter().all(is_lower_hex) => {
            Some("32 hex digits: Apache httpd (MD5 of the virtual host's HOST:PORT) or Node.js")
        }
        _ if context.iter().all(|byte| matches!(byte, 0x20..=0x7e)) => None,
        _ if context.len() == 20 => Some("a SHA-1: nginx (over its certificates and client CA names)"),
        _ if context.len() == 32 => {
            Some("a SHA-256: H2O, Envoy, Traffic Server, Postfix or a recent HAProxy (over certificates or settings)")
        }
        _ => None,
    }
}
