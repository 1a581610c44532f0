#!/usr/bin/env bash
# Tests the service against its own description (`/openapi.json`) with schemathesis: as it is by default, then with
# clients and their keys. No server error, nothing undocumented, and no request that a missing key lets through.
#
#   tests/schemathesis/run.sh [--short] [BINARY]
#
# BINARY is target/release/sealgate, else target/debug/sealgate, where none is named.
set -euo pipefail
cd "$(dirname "$0")/../.."

short= binary=
for argument in "$@"; do
    case $argument in
        --short) short=yes ;;
        -*) echo "usage: $0 [--short] [BINARY]" >&2; exit 64 ;;
        *) binary=$argument ;;
    esac
done
for built in target/release/sealgate target/debug/sealgate; do
    [ -n "$binary" ] || { [ ! -x "$built" ] || binary=$built; }
done
[ -x "$binary" ] || { echo "no binary: cargo build --locked" >&2; exit 64; }

tools=target/schemathesis
if ! cmp -s tests/schemathesis/requirements.txt "$tools/installed"; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install -q --disable-pip-version-check -r tests/schemathesis/requirements.txt
    cp tests/schemathesis/requirements.txt "$tools/installed"
fi

"$binary" openapi | cmp - src/http/openapi.json
"$tools/bin/python" -m openapi_spec_validator src/http/openapi.json

scratch=$(mktemp -d)
server=
stop() { [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; }; }
trap 'stop; rm -rf "$scratch"' EXIT

. tests/serving.sh

# start OPTION...: a service on the demonstration's lists; sets `address`.
start() {
    serving "$binary" "$scratch/log" --trust-domain trust-lists/demo.toml "$@"
    server=$service
}

# run CASES OPTION...: at most so many made-up cases an operation, beside those that the description itself suggests.
run() {
    local cases=$1
    shift
    SCHEMATHESIS_HOOKS=hooks PYTHONPATH=tests/schemathesis SEALGATE_COUNTS=$scratch/counts \
        "$tools/bin/schemathesis" --config-file tests/schemathesis/schemathesis.toml run \
        "http://$address/openapi.json" --phases examples,coverage,fuzzing \
        --max-examples "$cases" --no-shrink --continue-on-failure --no-color "$@"
}

# What a log may not say, whatever came in.
calm() {
    if grep -iE "panic|\"level\":\"ERROR\"| ERROR " "$scratch/log"; then
        echo "the service logged an error" >&2
        exit 1
    fi
}

cases=1100
[ -z "$short" ] || cases=60

echo "== anybody on this machine"
start
run "$cases"
calm
stop

echo "== clients with keys"
{ read -r key; read -r hash; } < <("$binary" keys new)
printf '[[client]]\nid = "one"\nkeys = [{ %s }]\n' "$hash" > "$scratch/clients.toml"
start --clients "$scratch/clients.toml"
SEALGATE_KEY=$key run "$((cases / 2))" --header "Authorization: Bearer $key"
calm
stop

total=$(awk '{ sum += $1 } END { print sum }' "$scratch/counts")
echo "$total cases"
[ -n "$short" ] || [ "$total" -ge 5000 ] || { echo "fewer than 5,000 cases" >&2; exit 1; }
