#!/usr/bin/env bash
# Holds the metrics of a running gateway, the alert rules with their tests and the dashboard against promtool.
#
# usage: tests/deploy/prometheus.sh [SEALGATE]      the binary; target/release/sealgate otherwise
# Without promtool it says so and holds nothing; `.ci/setup` installs it.
set -euo pipefail
cd "$(dirname "$0")/../.."
sealgate=$(realpath "${1:-target/release/sealgate}")
for tool in promtool curl python3 openssl; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool (.ci/setup)"; exit 0; }
done
work=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

promtool check rules deploy/prometheus/alerts.yml
promtool test rules deploy/prometheus/alerts.test.yml
promtool check config --syntax-only deploy/prometheus/prometheus.yml
# The dashboard's expressions, as if they were rules.
python3 - >"$work/dashboard.yml" <<'END'
import json
panels = json.load(open("deploy/grafana/sealgate.json"))["panels"]
print("groups:\n- name: dashboard\n  rules:")
for panel in panels:
    for target in panel.get("targets", []):
        expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
        print(f"  - record: 'panel:{panel['id']}_{target['refId']}'\n    expr: {json.dumps(expression)}")
END
promtool check rules "$work/dashboard.yml"
# The tool must be one that says no: rules that do not what their tests say.
cp deploy/prometheus/alerts.test.yml "$work"
sed 's/sealgate_ready == 0/sealgate_ready == 2/' deploy/prometheus/alerts.yml >"$work/alerts.yml"
if promtool test rules "$work/alerts.test.yml" >/dev/null 2>&1; then
    echo "FAILED: a rule that never fires passes its test" >&2
    exit 1
fi

openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/receipt.pem"
"$sealgate" serve --listen "unix:$work/socket" --offline --trust-domain trust-lists/demo.toml --receipt-key "$work/receipt.pem" 2>"$work/log" &
server=$!
ask() { curl -sS --max-time 30 --unix-socket "$work/socket" "$@"; }
for _ in $(seq 300); do
    ask -f -o /dev/null http://sealgate/readyz 2>/dev/null && break
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
for file in examples/sound/* examples/broken/*; do
    ask -f -o "$work/verdict" --data-binary "@$file" 'http://sealgate/v1/verify?at=2026-11-22T00:00:00Z'
done
printf '{"id":1,"credential":{}}\nno line\n' | ask -f -o "$work/answers" --data-binary @- http://sealgate/v1/verify/batch
ask -o "$work/problem" http://sealgate/nowhere
ask -f -o "$work/metrics" http://sealgate/metrics
promtool check metrics <"$work/metrics"
grep -q '^sealgate_receipts_total{outcome="signed"} [1-9]' "$work/metrics" || { echo "FAILED: no receipt is counted" >&2; exit 1; }
echo "$(grep -c '^# TYPE' "$work/metrics") metrics, $(grep -vc '^#' "$work/metrics") series"
