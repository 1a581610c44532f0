#!/usr/bin/env bash
# Writes a report on every example in every form, and has readers look at them that share nothing with the project:
# the Commission's schemas of ETSI TS 119 102-2, veraPDF.
#
#   tests/reports/run.sh [BINARY]
#
# BINARY is target/release/sealgate, else target/debug/sealgate, where none is named.
set -euo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-}
for built in target/release/sealgate target/debug/sealgate; do
    [ -n "$binary" ] || { [ ! -x "$built" ] || binary=$built; }
done
[ -x "$binary" ] || { echo "no binary: cargo build --locked" >&2; exit 64; }
jars=$(tests/reports/setup.sh)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
at=2026-11-22T00:00:00Z

# verify WANTED ARGUMENT...: runs it; whatever the verdicts are, it must come to one.
verify() {
    local code=0
    "$binary" verify --offline --at "$at" "$@" || code=$?
    [ "$code" -le 3 ] || { echo "sealgate verify $* ended with $code" >&2; exit 1; }
}

demo=(--trust-domain trust-lists/demo.toml)
printf 'no credential' > "$scratch/no-credential"
verify "${demo[@]}" --format etsi-xml --output "$scratch/reports" examples "$scratch/no-credential"

# Real seals, where the data is at hand.
if [ -d ../shared/credentials ]; then
    lists=(--trust-lists ../shared/trust-lists/2026-08)
    verify "${lists[@]}" --format etsi-xml --output "$scratch/reports" ../shared/credentials
    verify "${lists[@]}" --trust-anchors ../shared/conformance/anchors --format etsi-xml \
        --output "$scratch/reports" ../shared/conformance/*/
else
    echo "skipped: real credentials: no ../shared"
fi

java -cp "$jars/*" tests/reports/Check.java "$scratch/reports"
