#!/usr/bin/env bash
# Generates distinct credentials into a temporary folder, builds, and runs scenarios: all of them, or those named.
#
#   load-tests/run.sh [--short] [--lists DIR [--history DIR]] [--page load-tests/RESULTS.md] [--json FILE] [SCENARIO...]
#
# SEALGATE names a gateway that is built already. Exit code: that of `sealgate-load-tests run`.
set -euo pipefail
cd "$(dirname "$0")/.."

options=()
scenarios=()
while [ $# -gt 0 ]; do
    case "$1" in
        --short) options+=("$1") ;;
        --page | --json | --bench-seconds | --saturation-seconds | --lists | --history) options+=("$1" "$2") && shift ;;
        *) scenarios+=("$1") ;;
    esac
    shift
done
[ "${#scenarios[@]}" -gt 0 ] || scenarios=(load-tests/scenarios/*.toml)

if [ -z "${SEALGATE:-}" ]; then
    cargo build --release --locked --bin sealgate
    SEALGATE=target/release/sealgate
fi
cargo build --locked --example generate-demo
cargo build --release --locked --manifest-path load-tests/Cargo.toml

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
target/debug/examples/generate-demo --many "$data" compact=5000 archival-200000=500 archival-8000000=20
load-tests/target/release/sealgate-load-tests run \
    --sealgate "$SEALGATE" --data "$data" "${options[@]}" "${scenarios[@]}"
