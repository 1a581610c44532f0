#!/usr/bin/env bash
# Builds the committed state in two folders of different names, as deploy/reproducible.md says, and compares digests.
#
# usage: tests/deploy/reproducible.sh [PROFILE]     `release` otherwise; takes two whole builds, so CI does not run it
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
profile=${1:-release}
# What is committed while this runs is not what is compared.
commit=$(git -C "$root" rev-parse HEAD)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in one another/with/a-longer-name; do
    mkdir -p "$work/$(dirname "$folder")"
    git clone -q "$root" "$work/$folder"
    git -C "$work/$folder" checkout -q "$commit"
    (
        cd "$work/$folder"
        # The very lines of the page, with the profile changed.
        sed -n 's/^    //p' deploy/reproducible.md | sed "s/--release/--profile $profile/; /sha256sum/d" >"$work/steps"
        bash -euo pipefail "$work/steps"
    )
    out=$profile
    [ "$profile" != dev ] || out=debug
    sha256sum <"$work/$folder/target/$out/sealgate" | tee -a "$work/digests"
    # One at a time on the disk; the binary is kept to tell differences.
    cp "$work/$folder/target/$out/sealgate" "$work/$(basename "$folder").bin"
    rm -rf "${work:?}/$folder/target"
done
[ "$(sort -u "$work/digests" | wc -l)" = 1 ] && exit
echo "FAILED: the digests differ; by section, where there are other octets:"
for one in one a-longer-name; do
    readelf -SW "$work/$one.bin" | sed -n 's/^ *\[ *[0-9]*\] //p' | while read -r name _ _ offset size _; do
        printf '%s %s\n' "$name" "$(tail -c +$((16#$offset + 1)) "$work/$one.bin" | head -c $((16#$size)) | sha256sum)"
    done >"$work/$one.sections" || true
done
diff "$work/one.sections" "$work/a-longer-name.sections" || true
exit 1
