#!/usr/bin/env bash
# Builds the last stage of the Dockerfile with buildah, which needs no engine, and starts what it made.
#
# usage: tests/deploy/image.sh [SEALGATE]      the binary; target/release/sealgate otherwise
# No registry is asked: the binary stands in for the build stage, and for the base image stand the libraries of this machine
# that distroless/cc has, too, and its user. What the binary needs beyond those is a failure here as it would be there.
set -euo pipefail
cd "$(dirname "$0")/../.."
sealgate=$(realpath "${1:-target/release/sealgate}")
work=$(mktemp -d)
# Files of its own, so that nothing of the machine's images is touched.
buildah() { command buildah --root "$work/images" --runroot "$work/run" --storage-driver vfs "$@"; }
end() {
    [ -z "${server:-}" ] || kill -KILL "$server" 2>/dev/null || true
    buildah rm --all >/dev/null 2>&1 || true
    rm -rf "$work"
}
trap end EXIT
failed() { echo "FAILED: $*" >&2; exit 1; }

# Where the machine lets nobody make containers, that is not the image's fault.
buildah from --name probe scratch >/dev/null || { echo "skipped: buildah makes no containers here"; exit 0; }

mkdir -p "$work"/{base/etc,context/cache,configuration}
for library in $(ldd "$sealgate" | grep -o '/[^ ]*'); do
    case $(basename "$library") in
    ld-linux-*.so.2 | libc.so.6 | libm.so.6 | libgcc_s.so.1 | libdl.so.2 | libpthread.so.0 | librt.so.1) ;;
    *) failed "the binary needs $library, which distroless/cc has not" ;;
    esac
    install -D "$library" "$work/base$library"
done
echo 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$work/base/etc/passwd"
echo 'nonroot:x:65532:' >"$work/base/etc/group"
printf 'FROM scratch\nCOPY base /\nUSER 65532\n' >"$work/Base"
base=$(sed -n 's/^FROM \(gcr.io[^ ]*\)$/\1/p' Dockerfile)
[ -n "$base" ] || failed "the Dockerfile names no base image"
buildah bud --quiet --isolation chroot --format docker --tag localhost/base -f "$work/Base" "$work" >/dev/null
cp "$sealgate" "$work/context/sealgate"
{
    printf 'FROM scratch AS build\nCOPY sealgate /src/target/release/sealgate\nCOPY cache /cache\n'
    sed -n "/^FROM gcr.io/,\$p" Dockerfile | sed "s#$base#localhost/base#"
} >"$work/context/Dockerfile"
buildah bud --quiet --isolation chroot --format docker --tag sealgate "$work/context" >/dev/null

image() { buildah inspect --type image --format "{{$1}}" sealgate; }
[ "$(image .Docker.Config.User)" = 65532:65532 ] || failed "the image's user"
[ "$(image .Docker.Config.Entrypoint) $(image .Docker.Config.Cmd)" = "[/usr/local/bin/sealgate] [serve]" ] ||
    failed "what the image starts"
health=$(image .Docker.Config.Healthcheck.Test | tr -d '[]')
[ "${health%% *}" = CMD ] || failed "the health check needs a shell"

cd "$work/configuration"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
    -keyout key.pem -out certificate.pem 2>/dev/null
"$sealgate" keys new >"$work/key"
printf '[[listen]]\naddress = "0.0.0.0:8443"\n[tls]\ncertificate = "/etc/sealgate/certificate.pem"\n' >sealgate.toml
printf 'key = "/etc/sealgate/key.pem"\n[trust]\ndomain = "/lists/demo.toml"\n[fetch]\noffline = true\n' >>sealgate.toml
printf '[[clients.client]]\nid = "first"\nkeys = [{ %s }]\n' "$(tail -n 1 "$work/key")" >>sealgate.toml
cd - >/dev/null
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/:8443/:$port/" "$work/configuration/sealgate.toml"
chown -R 65532 "$work/configuration"

container=$(buildah from sealgate)
run() { buildah run --isolation chroot "$@"; }
code=0
run "$container" -- /usr/local/bin/sealgate serve 2>"$work/log" || code=$?
[ "$code" = 64 ] && grep -q sealgate.toml "$work/log" || failed "without a configuration: $code, $(cat "$work/log")"
mounts=(-v "$work/configuration:/etc/sealgate:ro" -v "$PWD/trust-lists:/lists:ro")
run "${mounts[@]}" "$container" -- /usr/local/bin/sealgate serve 2>"$work/log" &
running=$!
check=${health#CMD }
check=${check/8443/$port}
for _ in $(seq 100); do
    # Its words are plain.
    # shellcheck disable=SC2086
    run "$container" -- $check >/dev/null 2>&1 && break
    sleep 0.2
done
# shellcheck disable=SC2086
run "$container" -- $check >/dev/null || failed "it is not ready: $(cat "$work/log")"
server=$(pgrep -u 65532 -x sealgate | head -n 1)
grep -q '^CapEff:.0000000000000000$' "/proc/$server/status" || failed "it has privileges"
verdict=$(curl -sk "https://127.0.0.1:$port/v1/verify?at=2026-11-22T00:00:00Z" \
    -H "Authorization: Bearer $(head -n 1 "$work/key")" --data-binary @examples/sound/b-compact.jwt)
[ "${verdict:0:19}" = '{"verdict":"passed"' ] || failed "no verdict: $verdict"
kill -TERM "$server"
wait "$running" || failed "SIGTERM: exit code $?: $(cat "$work/log")"
server=
echo "  the image starts as its user, without privileges, is healthy, verifies, ends"
