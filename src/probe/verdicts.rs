//! What is wrong with a node, and with a pool of them.

mod found;
mod names;
mod node;
mod pool;

pub use self::found::{shown, subject};
pub use self::names::{Context, across_names};
pub use self::node::{expect_active, of_node};
pub use self::pool::{group_key, of_pool, shared};

/// Rules about tickets whose place others take in a probe, and that would say the same again.
pub const REPLACED: [&str; 4] = ["not-active-key", "inactive-key-seals", "stateful-ticket", "early-data"];

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use super::super::matrix::Pair;
    use super::super::plan::Version;
    use super::super::seen::{Altered, Fresh, NodeFacts, SealedBy, Seen, VersionFacts};
    use super::super::tamper::{Answer, Part};
    use super::*;
    use crate::audit::facts::keys::KeySet;
    use crate::audit::testing::{self, GOOD_KEY, OTHER_KEY};
    use crate::audit::{Policy, Severity};
    use crate::capture::connection::HandshakeKind;
    use crate::key::KeyName;
    use crate::record::Status;
    use crate::resumption::Reason;

    fn ticket(name: u8) -> Fresh {
        Fresh {
            length: 208,
            is_handle: false,
            lifetime: 300,
            max_early_data: None,
            key_name: Some(KeyName::new([name; 16])),
            key: None,
            context: None,
            hostname: None,
            client_certificate: None,
            status: Status::NoKey,
        }
    }

    fn sealed_by(keys: &KeySet, at: usize) -> Fresh {
        let key = keys.keys().nth(at).unwrap();
        let sealed = SealedBy {
            file: Arc::clone(&key.file),
            index: key.index,
            role: key.role,
            format: "nginx".into(),
            name: key.name,
            fingerprint: key.fingerprint,
        };
        Fresh { key_name: key.name, key: Some(sealed), status: Status::Decrypted, ..ticket(0) }
    }

    fn seen(handshake: HandshakeKind, offered: bool, fresh: Vec<Fresh>) -> Seen {
        let failed = Seen::failed(super::super::seen::Failure::Timeout);
        Seen { handshake, offered, fresh, failure: None, certificate: Some([1; 32]), ..failed }
    }

    /// A node of TLS 1.2 that issued these tickets, one for each new session, and resumed so many of two offers.
    fn node(host: u8, tickets: &[Fresh], resumed: u32) -> NodeFacts {
        let mut facts = VersionFacts::new(Version::Tls12);
        for ticket in tickets {
            facts.add(seen(HandshakeKind::Full, false, vec![ticket.clone()]));
        }
        for number in 0..2 {
            let kind = if number < resumed { HandshakeKind::ResumedTicket } else { HandshakeKind::Full };
            facts.add(seen(kind, true, Vec::new()));
        }
        NodeFacts {
            host: "www.lab.test:443".to_owned(),
            pool: 0,
            sni: None,
            address: SocketAddr::from(([127, 0, 0, host], 443)),
            seen: None,
            versions: vec![facts],
            certificate_problem: None,
            altered: Vec::new(),
        }
    }

    fn ids(node: &NodeFacts, keys: &KeySet) -> Vec<&'static str> {
        testing::ids(&of_node(node, keys, &Policy::default()))
    }

    #[test]
    fn nothing_is_wrong_with_a_node_that_resumes() {
        assert!(ids(&node(1, &[ticket(1)], 2), &KeySet::default()).is_empty());
        assert_eq!(ids(&node(1, &[ticket(1)], 0), &KeySet::default()), ["not-resumed"]);
        assert_eq!(ids(&node(1, &[ticket(1)], 1), &KeySet::default()), ["not-resumed"]);
        assert_eq!(ids(&node(1, &[], 0), &KeySet::default()), ["no-tickets"]);
    }

    #[test]
    fn the_order_of_the_files_says_which_key_should_seal() {
        let keys = testing::key_set(&[("new.key", GOOD_KEY), ("old.key", OTHER_KEY)]);
        assert!(ids(&node(1, &[sealed_by(&keys, 0)], 2), &keys).is_empty());
        let stale = node(1, &[sealed_by(&keys, 1)], 2);
        let found = of_node(&stale, &keys, &Policy::default());
        assert_eq!(testing::ids(&found), ["stale-key-seals"]);
        let message = &found.first().unwrap().message;
        assert_eq!(
            message,
            "the server still encrypts tickets under old.key; going by the files, it should use new.key"
        );
        assert_eq!(expect_active(&stale), None, "the finding says it");
        assert!(expect_active(&node(1, &[ticket(1)], 2)).unwrap().contains("in none of the files"));
        assert!(expect_active(&node(1, &[], 0)).unwrap().contains("no ticket came"));
    }

    #[test]
    fn several_keys_need_a_refusal_or_a_repetition() {
        let two = [ticket(1), ticket(2)];
        assert_eq!(ids(&node(1, &two, 1), &KeySet::default()), ["several-keys-on-address"]);
        assert_eq!(
            ids(&node(1, &[ticket(1), ticket(2), ticket(1)], 2), &KeySet::default()),
            ["several-keys-on-address"]
        );
        // a server whose tickets have random bytes in place of a name
        assert!(ids(&node(1, &[ticket(1), ticket(2), ticket(3)], 2), &KeySet::default()).is_empty());
        let context = |context: u8| Fresh { context: Some(vec![context]), ..ticket(1) };
        assert_eq!(ids(&node(1, &[context(1), context(2)], 2), &KeySet::default()), ["several-keys-on-address"]);
    }

    #[test]
    fn altered_lifetimes_and_early_data_are_findings() {
        let mut careless = node(1, &[ticket(1)], 2);
        for (part, answer) in [(Part::Mac, Answer::Resumed), (Part::Iv, Answer::Reset), (Part::Name, Answer::Full)] {
            careless.altered.push(Altered { version: Version::Tls12, part, answer });
        }
        let found = of_node(&careless, &KeySet::default(), &Policy::default());
        assert_eq!(testing::ids(&found), ["altered-ticket-accepted"]);
        assert!(found.first().unwrap().message.contains("in the MAC (TLSv1.2)"));
        let longer = Fresh { lifetime: 600, ..ticket(1) };
        assert_eq!(ids(&node(1, &[ticket(1), longer], 2), &KeySet::default()), ["lifetime-differs"]);
        let early = Fresh { max_early_data: Some(16384), ..ticket(1) };
        assert_eq!(ids(&node(1, &[early], 2), &KeySet::default()), ["early-data-allowed"]);
    }

    fn pair(from: usize, to: usize, resumed: bool, reason: Reason) -> Pair {
        let names = [None, None];
        Pair {
            from,
            to,
            names,
            certificate: None,
            version: Version::Tls12,
            resumed: Some(resumed),
            reason,
            why: String::new(),
        }
    }

    #[test]
    fn a_pool_says_who_stands_apart_and_why() {
        let nodes = [node(1, &[ticket(1)], 2), node(2, &[ticket(1)], 2), node(3, &[ticket(2)], 2)];
        let groups = [vec![0, 1], vec![2]];
        let pairs = [pair(0, 1, true, Reason::Resumed), pair(2, 0, false, Reason::OtherKey)];
        let found = of_pool(&nodes, &groups, &pairs, &Policy::default());
        assert_eq!(testing::ids(&found), ["key-not-shared"]);
        let finding = found.first().unwrap();
        assert_eq!(finding.message, "127.0.0.3 encrypts tickets under a key that 127.0.0.1 and 127.0.0.2 do not have");
        for (reason, rule) in [
            (Reason::OtherContext, "context-not-shared"),
            (Reason::CacheMiss, "stateful-across-nodes"),
            (Reason::Unknown, "not-resumed"),
        ] {
            let pairs = [pair(0, 1, true, Reason::Resumed), pair(2, 0, false, reason)];
            assert_eq!(testing::ids(&of_pool(&nodes, &groups, &pairs, &Policy::default())), [rule]);
        }
        assert_eq!(shared(&pairs), (1, 2));
        // all is well, and a single pair in one version is not
        assert!(of_pool(&nodes, &[vec![0, 1, 2]], &pairs[..1], &Policy::default()).is_empty());
        assert_eq!(testing::ids(&of_pool(&nodes, &[vec![0, 1, 2]], &pairs, &Policy::default())), ["key-not-shared"]);
    }

    #[test]
    fn a_name_that_asks_for_a_certificate_makes_an_error_of_a_warning() {
        let nodes = [node(1, &[ticket(1)], 2)];
        let context = |name: &str, asks_certificate| {
            let facts = VersionFacts { asks_certificate, ..VersionFacts::new(Version::Tls12) };
            Context { node: 0, name: Some(name.to_owned()), with_certificate: false, versions: vec![facts] }
        };
        let contexts = [context("open.test", false), context("closed.test", true)];
        let crossing = |from: &str, to: &str, resumed| Pair {
            names: [Some(from.to_owned()), Some(to.to_owned())],
            ..pair(0, 0, resumed, Reason::Resumed)
        };
        let judge = |pairs: &[Pair], policy: &Policy| -> Vec<Severity> {
            across_names(&nodes, &contexts, pairs, policy).iter().map(|finding| finding.severity).collect()
        };
        let pairs = [crossing("open.test", "closed.test", true), crossing("closed.test", "open.test", true)];
        assert_eq!(judge(&pairs, &Policy::default()), [Severity::Error, Severity::Warning]);
        assert!(judge(&[crossing("open.test", "closed.test", false)], &Policy::default()).is_empty());
        let mut lenient = Policy::default();
        lenient.set("resumes-across-names", "info").unwrap();
        assert_eq!(judge(&pairs, &lenient), [Severity::Info; 2]);
    }
}
