#!/usr/bin/env bash
# Whether the service gets by with the system calls and socket families that its unit leaves it, and maps no memory both
# writable and executable: strace lists what a service under use really does.
#
# usage: tests/deploy/system-calls.sh SEALGATE
set -euo pipefail
cd "$(dirname "$0")/../.."
sealgate=$1
if ! strace -qq -o /dev/null true 2>/dev/null; then
    echo "skipped: no strace, or it may not trace here"
    exit 0
fi
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
unit=deploy/systemd/sealgate.service

# A call, or those of a group; a group names calls and further groups.
calls() {
    case $1 in
    @*) systemd-analyze syscall-filter "$1" | sed -n 's/^    \([^ #][^ ]*\).*/\1/p' | while read -r name; do calls "$name"; done ;;
    *) echo "$1" ;;
    esac
}
while read -r filter; do
    case $filter in
    '~'*) for group in ${filter#\~}; do calls "$group"; done | sort -u | comm -23 "$work/allowed" - >"$work/next" ;;
    *) { cat "$work/allowed" 2>/dev/null || true; for group in $filter; do calls "$group"; done; } | sort -u >"$work/next" ;;
    esac
    mv "$work/next" "$work/allowed"
done < <(sed -n 's/^SystemCallFilter=//p' "$unit")

# From the start with lists that are read, compiled and kept, over a verdict and a reload, to the end.
socket=$work/sealgate.sock
strace -f -qq -o "$work/trace" "$sealgate" serve --listen 127.0.0.1:0 --listen "unix:$socket" --unix-mode 660 \
    --trust-domain trust-lists/demo.toml --offline 2>"$work/log" &
server=$!
for _ in $(seq 1200); do
    "$sealgate" health --socket "$socket" >/dev/null 2>&1 && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log"; exit 1; }
    sleep 0.1
done
curl -sf --unix-socket "$socket" --data-binary @examples/sound/lta-qualified.jsonld http://localhost/v1/verify >/dev/null
traced=$(sed -n '1s/ .*//p' "$work/trace")
kill -HUP "$traced"
sleep 1
kill -TERM "$traced"
wait "$server"
server=

sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$work/trace" | sort -u >"$work/made"
# systemd itself calls execve before the filter holds; strace sees the service's own first.
refused=$(comm -23 "$work/made" "$work/allowed" | grep -vx execve || true)
families=$(grep -oE 'socket(pair)?\(AF_[A-Z0-9]+' "$work/trace" | sed 's/.*(//' | sort -u)
for family in $families; do
    grep -q "^RestrictAddressFamilies=.*\b$family\b" "$unit" || refused="$refused $family"
done
if grep -E '(mmap|mprotect)\(' "$work/trace" | grep -q 'PROT_WRITE|PROT_EXEC'; then refused="$refused writable-executable"; fi
[ "$(wc -l <"$work/made")" -gt 30 ] || { echo "FAILED: strace saw hardly anything"; exit 1; }
if [ -n "${refused// /}" ]; then
    echo "FAILED: the unit forbids what the service does: $refused"
    exit 1
fi
echo "  the unit allows all $(wc -l <"$work/made") system calls that were made, and the socket families: $(echo $families)"
