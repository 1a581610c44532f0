#!/usr/bin/env bash
# The generator's closed loop against `oha` on the same server with the same credential: throughput and p99 of both,
# in turns, and how far they are apart.
#
#   load-tests/cross-check.sh SEALGATE FILE [TRUST-DOMAIN] [CONNECTIONS] [SECONDS]
#
# Say `cargo install oha` first; without it nothing is compared. Needs `curl` and `python3`.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -ge 2 ] || { echo "usage: $0 SEALGATE FILE [TRUST-DOMAIN] [CONNECTIONS] [SECONDS]" >&2; exit 64; }
sealgate=$1 file=$2 domain=${3:-trust-lists/demo.toml} connections=${4:-8} seconds=${5:-10}
command -v oha >/dev/null || { echo "skipped: oha is not installed"; exit 0; }

cargo build --quiet --release --locked --manifest-path load-tests/Cargo.toml
address=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
RUST_LOG=warn "$sealgate" serve --trust-domain "$domain" --listen "$address" --offline &
server=$!
trap 'kill "$server"; wait "$server" || true' EXIT
for _ in $(seq 100); do
    curl -fs "http://$address/readyz" >/dev/null && break
    sleep 0.1
done

ours() {
    load-tests/target/release/sealgate-load-tests closed --target "$address" \
        --connections "$connections" --seconds "$1" "$file"
}
theirs() {
    oha --no-tui --output-format json -z "$1s" -c "$connections" -m POST -D "$file" "http://$address/v1/verify"
}

ours 2 >/dev/null
results=$(mktemp -d)
trap 'rm -rf "$results"; kill "$server"; wait "$server" || true' EXIT
# In turns, so that a machine that speeds up or slows down does so for both.
for turn in 1 2 3; do
    ours "$seconds" >"$results/ours-$turn.json"
    theirs "$seconds" >"$results/oha-$turn.json"
done
python3 - "$results" <<'PYTHON'
import json, pathlib, statistics, sys

folder = pathlib.Path(sys.argv[1])
read = lambda name: [json.loads((folder / f"{name}-{turn}.json").read_text()) for turn in (1, 2, 3)]
ours, oha = read("ours"), read("oha")
for run in oha:
    others = {status: n for status, n in run["statusCodeDistribution"].items() if status != "200"}
    if others:
        sys.exit(f"oha was answered {others}")
if any(run["other"] for run in ours):
    sys.exit("the generator was answered other than 200")
rows = [
    ("requests/s", [r["per_second"] for r in ours], [r["summary"]["requestsPerSec"] for r in oha]),
    ("p50 ms", [r["p50_ms"] for r in ours], [r["latencyPercentiles"]["p50"] * 1e3 for r in oha]),
    ("p99 ms", [r["p99_ms"] for r in ours], [r["latencyPercentiles"]["p99"] * 1e3 for r in oha]),
]
print(f"{'median of 3':<12}{'generator':>12}{'oha':>12}{'difference':>12}")
for name, mine, other in rows:
    mine, other = statistics.median(mine), statistics.median(other)
    print(f"{name:<12}{mine:>12.2f}{other:>12.2f}{mine / other - 1:>+12.1%}")
PYTHON
