//! Test vectors: lines of a name and bytes in hex.

pub(crate) struct Vectors(pub(crate) &'static str);

impl Vectors {
    /// The bytes of the one line with this name.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let [bytes] = <[_; 1]>::try_from(self.list(name)).unwrap_or_else(|list| panic!("{name}: {} lines", list.len()));
        bytes
    }

    /// The bytes of all lines with this name.
    pub(crate) fn list(&self, name: &str) -> Vec<Vec<u8>> {
        let lines = self.0.lines().filter_map(|line| line.split_once(' '));
        lines.filter(|line| line.0 == name).map(|line| hex::decode(line.1).unwrap()).collect()
    }
}
