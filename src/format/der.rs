//! A BER/DER reader over borrowed bytes: definite and indefinite lengths, bounded depth and count.
