//! Views on CMS SignedData (RFC 5652), BER or DER.
