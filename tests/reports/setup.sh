#!/usr/bin/env bash
# Gets what reads our reports in tests: the jars that pom.xml names, each held against its SHA-256, and from npm the Nu Html
# Checker, held by its lock file. Prints the folder of the jars.
set -euo pipefail
cd "$(dirname "$0")/../.."

jars=target/reports/jars
if ! [ -f "$jars/checked" ] || ! cmp -s tests/reports/jars.sha256 "$jars/checked"; then
    command -v mvn >/dev/null || { apt-get update -qq && apt-get install -y -qq maven; } >&2
    rm -rf "$jars"
    mvn -q -B -f tests/reports/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/$jars" >&2
    # As many as are listed, so that none is there which nobody looked at.
    [ "$(ls "$jars" | wc -l)" -eq "$(wc -l < tests/reports/jars.sha256)" ]
    (cd "$jars" && sha256sum --quiet --strict -c -) < tests/reports/jars.sha256
    cp tests/reports/jars.sha256 "$jars/checked"
fi
if ! cmp -s tests/reports/package-lock.json target/reports/package-lock.json; then
    cp tests/reports/package.json target/reports/
    (cd target/reports && cp ../../tests/reports/package-lock.json . && npm ci --no-audit --no-fund --ignore-scripts) >&2 ||
        { rm -f target/reports/package-lock.json; exit 1; }
fi
echo "$jars"
