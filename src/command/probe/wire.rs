//! One TCP connection, recorded, with a deadline for all of it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tktdump::capture::container::Time;
use tktdump::probe::seen::Failure;
use tktdump::probe::tape::{Recorded, Sender, Tape};

/// Bytes of a record's header.
const HEADER_LENGTH: usize = 5;
/// The longest record that any version allows: 2^14 bytes of content, 2048 of what encryption adds.
const MAX_RECORD: usize = (1 << 14) + 2048;
/// What is kept of a conversation before TLS, or of a peer that speaks something else.
const MAX_LINE: usize = 8 << 10;
/// Bytes of a foreign answer that are shown.
const SHOWN: usize = 40;

/// A recorded connection.
pub(super) struct Wire {
    stream: TcpStream,
    tape: Tape,
    deadline: Instant,
    incoming: Vec<u8>,
    is_closed: bool,
}

/// The time, as captures have it.
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanoseconds: since.subsec_nanos() }
}

impl Wire {
    /// Connects; everything has to be over at the deadline.
    pub(super) fn connect(address: SocketAddr, deadline: Instant) -> Result<Self, Failure> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let stream = TcpStream::connect_timeout(&address, left).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Failure::Timeout,
            _ => Failure::Unreachable(plain(&error)),
        })?;
        // small writes follow each other
        let _ = stream.set_nodelay(true);
        let local = stream.local_addr().map_err(|error| Failure::Unreachable(plain(&error)))?;
        Ok(Self { stream, tape: Tape::new(local, address, now()), deadline, incoming: Vec::new(), is_closed: false })
    }

    /// Our own address.
    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    fn left(&self, until: Instant) -> Result<Duration, Failure> {
        let left = until.min(self.deadline).saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Failure::Timeout) } else { Ok(left) }
    }

    /// Sends bytes.
    pub(super) fn send(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let left = self.left(self.deadline)?;
            let written = self.stream.set_write_timeout(Some(left)).and_then(|()| self.stream.write(bytes));
            match written {
                Ok(0) => return Err(Failure::Closed),
                Ok(count) => {
                    let (sent, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
                    self.tape.data(Sender::Client, sent, now());
                    bytes = rest;
                }
                Err(error) => self.ended(&error)?,
            }
        }
        Ok(())
    }

    /// Waits for bytes, not longer than to `until`; false at the end of what the server sends.
    fn receive(&mut self, until: Instant) -> Result<bool, Failure> {
        if self.is_closed {
            return Ok(false);
        }
        let mut buffer = [0; 1 << 14];
        loop {
            let left = self.left(until)?;
            let read = self.stream.set_read_timeout(Some(left)).and_then(|()| self.stream.read(&mut buffer));
            match read {
                Ok(0) => {
                    self.is_closed = true;
                    self.tape.end(Sender::Server, now());
                    return Ok(false);
                }
                Ok(count) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    self.tape.data(Sender::Server, bytes, now());
                    self.incoming.extend_from_slice(bytes);
                    return Ok(true);
                }
                Err(error) => self.ended(&error)?,
            }
        }
    }

    /// What an error of the socket means; nothing if it may be tried again.
    fn ended(&mut self, error: &io::Error) -> Result<(), Failure> {
        match error.kind() {
            // the time is looked at before each attempt
            io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ok(()),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                if !self.is_closed {
                    self.is_closed = true;
                    self.tape.reset(Sender::Server, now());
                }
                Err(Failure::Reset)
            }
            _ => Err(Failure::Unreachable(plain(error))),
        }
    }

    /// The next whole TLS record, header included; `None` at the end of what the server sends.
    pub(super) fn record(&mut self, until: Instant) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(header) = self.incoming.first_chunk::<HEADER_LENGTH>() {
                let [kind, major, _, high, low] = *header;
                let length = usize::from(u16::from_be_bytes([high, low]));
                if !(20..=24).contains(&kind) || major != 3 || length > MAX_RECORD {
                    return Err(self.not_tls());
                }
                if self.incoming.len() >= HEADER_LENGTH + length {
                    let rest = self.incoming.split_off(HEADER_LENGTH + length);
                    return Ok(Some(std::mem::replace(&mut self.incoming, rest)));
                }
            } else if self.incoming.first().is_some_and(|kind| !(20..=24).contains(kind)) {
                // a short line in plain, and nothing follows
                return Err(self.not_tls());
            }
            if !self.receive(until)? {
                return Ok(None);
            }
        }
    }

    fn not_tls(&self) -> Failure {
        let start = self.incoming.get(..SHOWN).unwrap_or(&self.incoming);
        let line = start.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        Failure::NotTls(format!("{:?}", tktdump::escape::Text(line).to_string()))
    }

    /// The next line of a conversation before TLS, without its end.
    pub(super) fn line(&mut self) -> Result<String, Failure> {
        loop {
            if let Some(at) = self.incoming.iter().position(|byte| *byte == b'\n') {
                let rest = self.incoming.split_off(at + 1);
                let line = std::mem::replace(&mut self.incoming, rest);
                return Ok(tktdump::escape::Text(line.trim_ascii_end()).to_string());
            }
            if self.incoming.len() > MAX_LINE {
                return Err(Failure::StartTls(format!("a line of more than {MAX_LINE} bytes")));
            }
            if !self.receive(self.deadline)? {
                return Err(Failure::Closed);
            }
        }
    }

    /// Whether bytes came that nobody has asked for yet.
    pub(super) fn is_ahead(&self) -> bool {
        !self.incoming.is_empty()
    }

    /// The place of the last packet, and its time.
    pub(super) fn last(&self) -> (usize, Time) {
        let packets = self.tape.packets();
        (packets.len(), packets.last().map(|packet| packet.time).unwrap_or_default())
    }

    /// Ends the connection and hands over what was recorded.
    pub(super) fn finish(mut self) -> Vec<Recorded> {
        if !self.is_closed || self.tape.packets().len() > 3 {
            self.tape.end(Sender::Client, now());
        }
        self.tape.into_packets()
    }
}

/// The system's words for an error, without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    let mut words = text.chars();
    // it goes behind a colon
    words.next().map_or_else(String::new, |first| first.to_lowercase().chain(words).collect())
}
