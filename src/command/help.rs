//! What help and manual pages say beside the options: examples, exit status, environment. And what somebody may have
//! meant who mistyped a command.

use std::fmt::Write as _;

use clap::Command;

/// What is said of one command.
pub(super) struct Topic {
    /// Its name, empty for the main job.
    pub(super) command: &'static str,
    /// What somebody may want, and the line that does it.
    pub(super) examples: &'static [(&'static str, &'static str)],
    /// Exit statuses and their meanings.
    pub(super) statuses: [&'static str; 3],
    /// Environment variables and their meanings.
    pub(super) environment: &'static [(&'static str, &'static str)],
}

const KEY: (&str, &str) =
    ("TKTDUMP_KEY", "A key file or a directory, as for --key, if no --key is given. It is a path, never a key.");
const REDACT: (&str, &str) = ("TKTDUMP_REDACT", "If set to 1, no secret is printed, as with --redact.");
const NO_COLOR: (&str, &str) = ("NO_COLOR", "If set, text has no colours, unless --color always is given.");

const MAIN: Topic = Topic {
    command: "",
    examples: &[
        ("Decrypt the ticket in a session from openssl s_client -sess_out", "tktdump --key ticket.key session.pem"),
        ("Say why each connection of a capture resumed or did not", "tktdump --key ticket.key capture.pcap"),
        (
            "Make a copy of a capture that Wireshark can decrypt",
            "tktdump -f pcapng -o decrypted.pcapng --key ticket.key capture.pcap",
        ),
        ("Read lines of hex from another program, print JSON", "tktdump -f json --key ticket.key tickets.hex"),
    ],
    statuses: [
        "Every ticket was opened, or split if no key was given.",
        "A ticket was not opened, or none was found.",
        "The job could not be done: wrong usage, an unreadable file, an unknown key file.",
    ],
    environment: &[KEY, REDACT, NO_COLOR],
};

#[cfg(feature = "audit")]
const AUDIT: Topic = Topic {
    command: "audit",
    examples: &[
        ("Judge the key files of a server", "tktdump audit --key /etc/nginx/tickets"),
        (
            "Check that the running server encrypts with the newest key",
            "tktdump audit --expect-active --key /etc/nginx/tickets session.pem",
        ),
        ("Judge a capture, fail on warnings", "tktdump audit --fail-on warning --key ticket.key capture.pcap"),
        ("Turn a rule off", "tktdump audit --rule early-data=off --key ticket.key session.pem"),
    ],
    statuses: [
        "No finding is at or above the --fail-on severity.",
        "A finding is at or above it, or --expect-active found no ticket.",
        "The audit could not be done: wrong usage, an unreadable file, an unknown key file.",
    ],
    environment: &[KEY, REDACT, NO_COLOR],
};

const KEYS: Topic = Topic {
    command: "keys",
    examples: &[
        ("Show what a key file holds", "tktdump keys ticket.key"),
        ("Compare the keys of two hosts", "tktdump keys --compare web1/tickets web2/tickets"),
        ("Write a key for another server", "tktdump keys --convert haproxy -o haproxy.keys ticket.key"),
    ],
    statuses: [
        "Every key file was read; with --compare, both hosts have the same keys.",
        "With --compare: they differ, be it in their order.",
        "The job could not be done: wrong usage, an unreadable file, an unknown key file.",
    ],
    environment: &[NO_COLOR],
};

#[cfg(feature = "probe")]
const PROBE: Topic = Topic {
    command: "probe",
    examples: &[
        ("Say whether a server resumes", "tktdump probe www.example.org"),
        (
            "Check that it encrypts with the newest key",
            "tktdump probe --expect-active --key /etc/nginx/tickets www.example.org",
        ),
        (
            "Check that two nodes share their key",
            "tktdump probe --expect-shared --connect 192.0.2.1 --connect 192.0.2.2 www.example.org",
        ),
    ],
    statuses: [
        "As expected.",
        "A finding is at or above the --fail-on severity, or what --expect-active or --expect-shared ask for was not \
         shown.",
        "A node could not be probed, or wrong usage.",
    ],
    environment: &[
        KEY,
        NO_COLOR,
        ("SSL_CERT_FILE, SSL_CERT_DIR", "Certificates to trust with --verify, in place of this machine's."),
    ],
};

const SURVEY: Topic = Topic {
    command: "survey",
    examples: &[
        ("Show which servers share a key, and when it changed", "tktdump survey capture.pcap"),
        ("Say which key file each key name is in", "tktdump survey --key /etc/nginx/tickets capture.pcap"),
    ],
    statuses: [
        "A key name was found, or tickets without one.",
        "No ticket was found.",
        "The job could not be done: wrong usage, an unreadable file.",
    ],
    environment: &[KEY, NO_COLOR],
};

#[cfg(feature = "keyfind")]
const KEYFIND: Topic = Topic {
    command: "keyfind",
    examples: &[
        ("Search a core dump", "tktdump keyfind core.1234 --ticket session.pem -o ticket.key"),
        ("Search a running process and its children", "tktdump keyfind --pid 1234 --ticket session.pem -o ticket.key"),
    ],
    statuses: [
        "A key is proved for every ticket.",
        "For some ticket none is, or only its encryption key was found.",
        "The job could not be done: an unreadable image, no permission, no ticket.",
    ],
    environment: &[NO_COLOR],
};

const TOPICS: &[Topic] = &[
    MAIN,
    #[cfg(feature = "audit")]
    AUDIT,
    KEYS,
    #[cfg(feature = "probe")]
    PROBE,
    SURVEY,
    #[cfg(feature = "keyfind")]
    KEYFIND,
];

/// Every command.
pub(super) const COMMANDS: &[&str] = &[
    #[cfg(feature = "audit")]
    "audit",
    "keys",
    #[cfg(feature = "probe")]
    "probe",
    "survey",
    #[cfg(feature = "keyfind")]
    "keyfind",
    "completions",
    "man",
];

/// What is said of a command; the main job has no name.
pub(super) fn topic(command: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.command == command)
}

/// Puts examples, statuses and variables below the options of every command.
pub(super) fn added(command: Command) -> Command {
    with(command, MAIN.command).mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        with(command, &name)
    })
}

fn with(command: Command, name: &str) -> Command {
    let Some(topic) = topic(name) else { return command };
    command.after_help(topic.short()).after_long_help(topic.long())
}

impl Topic {
    fn short(&self) -> String {
        let mut text = "Examples:".to_owned();
        for (_, line) in self.examples {
            text.push_str("\n  ");
            text.push_str(line);
        }
        text
    }

    fn long(&self) -> String {
        let mut text = "Examples:".to_owned();
        // writing to a String does not fail
        for (about, line) in self.examples {
            let _ = write!(text, "\n  {about}:\n      {line}\n");
        }
        text.push_str("\nExit status:\n");
        for (status, meaning) in self.statuses.iter().enumerate() {
            let _ = writeln!(text, "  {status}  {meaning}");
        }
        text.push_str("\nEnvironment:");
        for (name, meaning) in self.environment {
            let _ = write!(text, "\n  {name}: {meaning}");
        }
        text
    }
}

/// The word among some that is most like what was typed, if one is.
pub(super) fn like<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let likeness = |word: &&'w str| strsim::jaro_winkler(typed, word);
    let most = words.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    Some(most).filter(|word| likeness(word) > ALIKE)
}

/// From here on two words are alike: `adit` and `audit` are, `kez` and `keys` too; `a.key` and `keys` are not.
const ALIKE: f64 = 0.8;

/// The command that somebody may have meant by the name of an input that is not there.
pub(super) fn meant(input: &str) -> Option<&'static str> {
    let is_word = input.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    like(input, COMMANDS.iter().copied()).filter(|_| is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_by_a_slip_of_the_finger() {
        assert_eq!(meant("adit"), Some("audit"));
        assert_eq!(meant("servey"), Some("survey"));
        assert_eq!(meant("key"), Some("keys"));
        for other in ["ticket", "a.key", "session.pem", "./adit", "x", "", "capture", "tickets"] {
            assert_eq!(meant(other), None, "{other}");
        }
    }
}
