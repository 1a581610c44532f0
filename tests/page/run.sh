#!/usr/bin/env bash
# Drives the page in headless Chromium: types by tsc, every view by axe-core, files dropped, keyboard, reports, print, times.
#
#   tests/page/run.sh [BINARY]           BINARY is target/release/sealgate, else target/debug/sealgate, otherwise
#   SHOTS=tests/page/screenshots tests/page/run.sh    takes the screenshots anew
#
# The real credentials and lists beside the project are tried too, where they are.
set -euo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-}
for built in target/release/sealgate target/debug/sealgate; do
    [ -n "$binary" ] || { [ ! -x "$built" ] || binary=$built; }
done
[ -x "$binary" ] || { echo "no binary: cargo build --locked" >&2; exit 64; }

missing=()
[ -x /usr/bin/chromium ] || missing+=(chromium)
command -v node >/dev/null || missing+=(node)
command -v npm >/dev/null || missing+=(npm)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "skipped: the page's tests need ${missing[*]} (.ci/setup installs Chromium)"
    [ "${CI:-}" != true ] || exit 1
    exit 0
fi
if ! cmp -s tests/page/package-lock.json tests/page/node_modules/.installed; then
    (cd tests/page && npm ci --no-audit --no-fund --ignore-scripts)
    cp tests/page/package-lock.json tests/page/node_modules/.installed
fi

echo "== types"
tests/page/node_modules/.bin/tsc -p tests/page

scratch=$(mktemp -d)
servers=()
trap 'for one in "${servers[@]}"; do kill "$one" 2>/dev/null || true; done; wait; rm -rf "$scratch"' EXIT

. tests/serving.sh

# start NAME OPTION...: a service of that name; sets `address`.
start() {
    serving "$binary" "$scratch/$1.log" "${@:2}"
    servers+=("$service")
}

start demo --trust-domain trust-lists/demo.toml
DEMO=$address
{ read -r KEY; read -r hash; } < <("$binary" keys new)
printf '[[client]]\nid = "one"\nkeys = [{ %s }]\n' "$hash" > "$scratch/clients.toml"
start keyed --trust-domain trust-lists/demo.toml --clients "$scratch/clients.toml"
KEYED=$address
REAL=
if [ -d ../shared/credentials ] && [ -d ../shared/trust-lists/2026-08 ]; then
    start real --trust-lists ../shared/trust-lists/2026-08
    REAL=$address
fi
[ -z "${SHOTS:-}" ] || SHOTS=$(realpath "$SHOTS")
export DEMO KEYED KEY REAL SHOTS

echo "== the page in Chromium"
# One after the other: what is measured is not measured beside something else.
node --test --test-reporter=spec --test-concurrency=1 tests/page/page.test.js tests/page/reports.test.js tests/page/views.test.js

if grep -lE "panic|\"level\":\"ERROR\"| ERROR " "$scratch"/*.log; then
    echo "the service logged an error" >&2
    exit 1
fi
