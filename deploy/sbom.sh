#!/usr/bin/env bash
# Prints a CycloneDX 1.6 bill of materials of the binary: every crate that is linked into it or builds it, with digests,
# licences and what depends on what. The same commit gives the same bytes.
#
# usage: deploy/sbom.sh [TARGET] > sealgate.cdx.json
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:-$(rustc -vV | sed -n 's/^host: //p')}
# What cargo builds for this target and these features; `cargo metadata` alone also names what tests would need.
listed() { cargo tree --locked --target "$target" --prefix none --format '{p}' --edges "$1" | sort -u; }
cargo metadata --locked --format-version 1 --filter-platform "$target" |
    python3 deploy/sbom.py "$target" "$(listed normal,build)" "$(listed normal,no-proc-macro)"
