#!/usr/bin/env bash
# Pastes every command of README's chapter on operations, in its order, as a newcomer would: in a clean clone, with the built
# binary on the PATH; then looks at what came of it.
#
# usage: tests/deploy/readme-operations.sh [SEALGATE]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
sealgate=$(realpath "${1:-$root/target/release/sealgate}")
work=$(mktemp -d)
running=
trap '[ -z "$running" ] || kill -9 -- "-$running" 2>/dev/null || true; rm -rf "$work"' EXIT

git clone -q "$root" "$work/clone"
cd "$work/clone"
awk '/^## /{inside = ($0 == "## Operations")} inside && /^```$/{block = 0} block{print} inside && /^```sh$/{block = 1}' \
    README.md >"$work/pasted"
[ "$(wc -l <"$work/pasted")" -ge 20 ] || { echo "FAILED: README's chapter on operations has no commands"; exit 1; }

# The one thing that is changed: the port may be taken.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/\b8443\b/$port/g" "$work/pasted"
mkdir "$work/bin"
ln -s "$sealgate" "$work/bin/sealgate"
# A process group of its own, so that nothing outlives a failure.
set -m
PATH="$work/bin:$PATH" timeout 120 bash -euo pipefail "$work/pasted" >"$work/out" 2>"$work/err" &
running=$!
set +m
if ! wait "$running"; then
    echo "FAILED: a command of the chapter"
    cat "$work/pasted" "$work/err"; tail -n 30 "$work/out"
    exit 1
fi

expect() {
    grep -qE -- "$2" "$work/out" || { echo "FAILED: not seen: $1"; tail -n 60 "$work/out"; cat "$work/err"; exit 1; }
    echo "  $1"
}
expect "the configuration is checked" '^domain = "trust-lists/demo.toml"'
expect "it became ready" '^ready$'
expect "a verdict by HTTPS with a key" '"verdict": ?"passed"'
expect "401 without" '^401$'
expect "metrics" '^sealgate_verdicts_total\{.*\} [1-9]'
expect "after SIGHUP the new certificate and the second client" '^200$'
grep -q 'ending' "$work/err" || { echo "FAILED: the end was not orderly"; cat "$work/err"; exit 1; }
key=$(head -n 1 first-client)
if grep -q -- "$key" "$work/err"; then echo "FAILED: a key was logged"; exit 1; fi
[ -z "$(git status --porcelain | grep -v '^??' || true)" ] || { echo "FAILED: a file of the clone was changed"; exit 1; }
