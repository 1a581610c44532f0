//! Content octets of the object identifiers that the view on CMS and its readers look for.

/// 1.2.840.113549.1.7.1
pub const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 1.2.840.113549.1.7.2
pub const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.9.16.1.4
pub const TST_INFO: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
/// 1.2.840.113549.1.9.3
pub const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
/// 1.2.840.113549.1.9.4
pub const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
/// 1.2.840.113549.1.9.5
pub const SIGNING_TIME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05";
/// 1.2.840.113549.1.9.6
pub const COUNTERSIGNATURE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x06";
/// 1.2.840.113549.1.9.52
pub const ALGORITHM_PROTECTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x34";
/// 1.2.840.113549.1.9.16.2.12
pub const SIGNING_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c";
/// 1.2.840.113549.1.9.16.2.47
pub const SIGNING_CERTIFICATE_V2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f";
/// 1.2.840.113549.1.9.16.2.4
pub const CONTENT_HINTS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x04";
/// 1.2.840.113549.1.9.16.2.7
pub const CONTENT_IDENTIFIER: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x07";
/// 1.2.840.113549.1.9.16.2.10
pub const CONTENT_REFERENCE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0a";
/// 1.2.840.113549.1.9.16.2.14
pub const SIGNATURE_TIMESTAMP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0e";
/// 1.2.840.113549.1.9.16.2.15
pub const SIGNATURE_POLICY: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0f";
/// 1.2.840.113549.1.9.16.2.16
pub const COMMITMENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x10";
/// 1.2.840.113549.1.9.16.2.17
pub const SIGNER_LOCATION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x11";
/// 1.2.840.113549.1.9.16.2.18
pub const SIGNER_ATTRIBUTES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x12";
/// 1.2.840.113549.1.9.16.2.20
pub const CONTENT_TIMESTAMP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x14";
/// 1.2.840.113549.1.9.16.2.21
pub const CERTIFICATE_REFERENCES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x15";
/// 1.2.840.113549.1.9.16.2.22
pub const REVOCATION_REFERENCES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x16";
/// 1.2.840.113549.1.9.16.2.23
pub const CERTIFICATE_VALUES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x17";
/// 1.2.840.113549.1.9.16.2.24
pub const REVOCATION_VALUES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x18";
/// 1.2.840.113549.1.9.16.2.25
pub const CADES_C_TIMESTAMP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x19";
/// 1.2.840.113549.1.9.16.2.26
pub const REFERENCES_TIMESTAMP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x1a";
/// 1.2.840.113549.1.9.16.2.27
pub const ARCHIVE_TIMESTAMP: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x1b";
/// 1.2.840.113549.1.9.16.2.44
pub const ATTRIBUTE_CERTIFICATE_REFERENCES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2c";
/// 1.2.840.113549.1.9.16.2.45
pub const ATTRIBUTE_REVOCATION_REFERENCES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2d";
/// 1.2.840.113549.1.9.16.2.48
pub const ARCHIVE_TIMESTAMP_V2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x30";
/// 1.2.840.113549.1.9.16.2.49
pub const INTERNAL_EVIDENCE_RECORD: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x31";
/// 1.2.840.113549.1.9.16.2.50
pub const EXTERNAL_EVIDENCE_RECORD: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x32";
/// 0.4.0.1733.2.1
pub const MIME_TYPE: &[u8] = b"\x04\x00\x8d\x45\x02\x01";
/// 0.4.0.1733.2.4
pub const ARCHIVE_TIMESTAMP_V3: &[u8] = b"\x04\x00\x8d\x45\x02\x04";
/// 0.4.0.1733.2.5
pub const ATS_HASH_INDEX: &[u8] = b"\x04\x00\x8d\x45\x02\x05";
/// 0.4.0.19122.1.1
pub const SIGNER_ATTRIBUTES_V2: &[u8] = b"\x04\x00\x81\x95\x32\x01\x01";
/// 0.4.0.19122.1.3
pub const SIGNATURE_POLICY_STORE: &[u8] = b"\x04\x00\x81\x95\x32\x01\x03";
/// 0.4.0.19122.1.4
pub const ATS_HASH_INDEX_V2: &[u8] = b"\x04\x00\x81\x95\x32\x01\x04";
/// 0.4.0.19122.1.5
pub const ATS_HASH_INDEX_V3: &[u8] = b"\x04\x00\x81\x95\x32\x01\x05";
/// 1.3.6.1.5.5.7.16.2
pub const RI_OCSP_RESPONSE: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x10\x02";
/// 1.3.6.1.5.5.7.48.1.1
pub const PKIX_OCSP_BASIC: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x30\x01\x01";
