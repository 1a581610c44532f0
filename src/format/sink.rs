//! Where readers and canonicalisers write: a digest, a buffer.

/// Receives bytes piece by piece.
pub trait Sink {
    /// Takes the next piece.
    fn write(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
