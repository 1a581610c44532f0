//! What a container holds, and what covers it.

use schemars::JsonSchema;
use serde::Serialize;

/// A container's files and what covers them (EN 319 162-1).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContainerSummary {
    /// The content of its `mimetype` file.
    pub mimetype: Option<String>,
    /// Its documents, in the order of the archive.
    pub files: Vec<ContainerFile>,
    /// Its evidence records; they are not evaluated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence_records: Vec<EvidenceRecord>,
}

/// A document in a container.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ContainerFile {
    /// Its path.
    pub name: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// The `id`s of the seals that cover its very octets, whatever came of them.
    pub sealed_by: Vec<String>,
}

/// An evidence record (RFC 4998, RFC 6283) in a container.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EvidenceRecord {
    /// Its path.
    pub name: String,
    /// Files that its manifest lists and that are as listed.
    pub covers: Vec<String>,
    /// Files that its manifest lists and that differ or are missing.
    pub differing: Vec<String>,
}
