#!/usr/bin/env bash
# Holds everything in deploy/ against the tools that read it, and runs what it says with the built binary.
#
# usage: tests/deploy/run.sh [SEALGATE]      the binary; target/release/sealgate otherwise
# What a missing tool would have shown is skipped, and said to be. `.ci/setup` installs them.
set -euo pipefail
cd "$(dirname "$0")/../.."
sealgate=$(realpath "${1:-target/release/sealgate}")
tools=$PWD/target/deploy-tools/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

about() { printf -- '-- %s\n' "$*"; }
have() {
    [ -x "$tools/$1" ] && return
    echo "skipped: no $1 in target/deploy-tools (.ci/setup)"
    return 1
}
python=python3
[ -x "$tools/python" ] && python=$tools/python

about "Dockerfile: hadolint"
have hadolint && "$tools/hadolint" Dockerfile

about "Dockerfile: its last stage, built and started"
if command -v buildah >/dev/null && [ "$(id -u)" = 0 ]; then
    tests/deploy/image.sh "$sealgate"
else
    echo "skipped: no buildah, or not root"
fi

about "Kubernetes: kustomize, and the schemas of 1.37"
if have kubectl && have kubernetes-validate; then
    "$tools/kubectl" kustomize deploy/kubernetes >"$work/kubernetes.yaml"
    "$tools/kubernetes-validate" --strict -k 1.37 "$work/kubernetes.yaml"
    # The tool must be one that says no.
    if sed 's/livenessProbe:/livelinessProbe:/' "$work/kubernetes.yaml" >"$work/wrong.yaml" &&
        "$tools/kubernetes-validate" --strict --quiet -k 1.37 "$work/wrong.yaml" >/dev/null 2>&1; then
        echo "FAILED: a misspelt probe is no mistake to kubernetes-validate" >&2
        exit 1
    fi
    timeout 300 "$python" tests/deploy/manifests.py "$sealgate" kubernetes "$work/kubernetes.yaml"
    mkdir "$work/overlay"
    sed -n '/^    # overlay\/kustomization.yaml/,/^$/s/^    //p' deploy/README.md |
        sed "s#../deploy/kubernetes#$(realpath --relative-to="$(realpath "$work/overlay")" deploy/kubernetes)#" \
            >"$work/overlay/kustomization.yaml"
    "$tools/kubectl" kustomize "$work/overlay" >"$work/kept.yaml"
    "$tools/kubernetes-validate" --strict -k 1.37 "$work/kept.yaml"
    timeout 300 "$python" tests/deploy/manifests.py "$sealgate" kept "$work/kept.yaml"
fi

about "Compose: its own parser and schema"
if have docker-compose && have check-jsonschema; then
    "$tools/check-jsonschema" --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
    cp -r deploy/compose "$work/compose"
    # The operator's own files; their names must be there.
    touch "$work"/compose/{certificate.pem,key.pem,clients.toml}
    "$tools/docker-compose" -f "$work/compose/compose.yaml" config --format json >"$work/compose.json"
    timeout 300 "$python" tests/deploy/manifests.py "$sealgate" compose "$work/compose.json"
fi

about "systemd: verify, security, and the calls that the service makes"
if command -v systemd-analyze >/dev/null; then
    mkdir "$work/units"
    sed "s#/usr/bin/sealgate#$sealgate#" deploy/systemd/sealgate.service >"$work/units/sealgate.service"
    cp deploy/systemd/sealgate.socket "$work/units"
    said=$(systemd-analyze verify --man=no "$work"/units/sealgate.{service,socket} 2>&1) || { echo "$said"; exit 1; }
    # Of units that it cannot use it only warns.
    if [ -n "$said" ]; then echo "FAILED: $said"; exit 1; fi
    systemd-analyze security --offline=true --threshold=15 deploy/systemd/sealgate.service >"$work/security" ||
        { cat "$work/security"; exit 1; }
    tail -n 1 "$work/security"
    mkdir -p "$work/root/usr/lib/sysusers.d" "$work/root/etc"
    cp deploy/systemd/sealgate.sysusers.conf "$work/root/usr/lib/sysusers.d/sealgate.conf"
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers --root="$work/root"
        grep -q '^sealgate:' "$work/root/etc/passwd"
    fi
    timeout 300 "$python" tests/deploy/manifests.py "$sealgate" systemd
    tests/deploy/system-calls.sh "$sealgate"
else
    echo "skipped: no systemd-analyze"
fi

about "bill of materials"
deploy/sbom.sh >"$work/sealgate.cdx.json"
deploy/sbom.sh | cmp - "$work/sealgate.cdx.json"
if have check-jsonschema; then
    "$python" tests/deploy/sbom.py "$work/sealgate.cdx.json" "$sealgate"
fi

about "README: operations, in a clean clone"
tests/deploy/readme-operations.sh "$sealgate"
