#!/usr/bin/env bash
# Builds the committed state in two folders of different names, as deploy/reproducible.md says, and compares digests.
#
# usage: tests/deploy/reproducible.sh [PROFILE]     `release` otherwise; takes two whole builds, so CI does not run it
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
profile=${1:-release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in one another/with/a-longer-name; do
    mkdir -p "$work/$(dirname "$folder")"
    git clone -q "$root" "$work/$folder"
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
[ "$(sort -u "$work/digests" | wc -l)" = 1 ] || { echo "FAILED: the digests differ"; exit 1; }
