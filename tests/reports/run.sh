#!/usr/bin/env bash
# Writes a report on every example in every form, and has readers look at them that share nothing with the project:
# the Commission's schemas of ETSI TS 119 102-2; veraPDF and qpdf; the Nu Html Checker.
#
#   tests/reports/run.sh [BINARY]
#
# BINARY is target/release/sealgate, else target/debug/sealgate, where none is named.
set -euo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-}
for built in target/release/sealgate target/debug/sealgate; do
    [ -n "$binary" ] || { [ ! -x "$built" ] || binary=$built; }
done
[ -x "$binary" ] || { echo "no binary: cargo build --locked" >&2; exit 64; }
jars=$(tests/reports/setup.sh)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
at=2026-11-22T00:00:00Z

# verify WANTED ARGUMENT...: runs it; whatever the verdicts are, it must come to one.
verify() {
    local code=0
    "$binary" verify --offline --at "$at" "$@" || code=$?
    [ "$code" -le 3 ] || { echo "sealgate verify $* ended with $code" >&2; exit 1; }
}

demo=(--trust-domain trust-lists/demo.toml)
printf 'no credential' > "$scratch/no-credential"
verify "${demo[@]}" --format etsi-xml --output "$scratch/reports" examples "$scratch/no-credential"

# A credential that is hostile to HTML and foreign to the font of reports. What it says is shown although the seal is broken.
python3 - examples/sound/b-compact.jwt > "$scratch/hostile.jwt" <<'PYTHON'
import base64, json, sys
header, payload, value = open(sys.argv[1]).read().strip().split(".")
credential = json.loads(base64.urlsafe_b64decode(payload + "=="))
hostile = "</td></table><script>alert(1)</script><img src=x onerror=alert(1)> \u5b66\u751f \u05d0\u202e \U0001f393 <!-- & &#0; \"\u0000"
credential["issuer"]["legalName"]["en"] = hostile + " a1b2c3d4" * 9 + "a1b2c3d4" * 90
credential["credentialSubject"]["fullName"]["en"] = hostile
credential["displayParameter"]["title"]["en"] = hostile + "<title>x"
payload = base64.urlsafe_b64encode(json.dumps(credential).encode()).decode().rstrip("=")
print(header, payload, value, sep=".")
PYTHON
files=(examples "$scratch/no-credential" "$scratch/hostile.jwt")
for lang in en de fr es it pl el sl; do
    for format in pdf html; do
        verify "${demo[@]}" --format "$format" --lang "$lang" --output "$scratch/$format/$lang" "${files[@]}"
        # In another process the same octets.
        verify "${demo[@]}" --format "$format" --lang "$lang" --output "$scratch/again/$format/$lang" examples/sound
        for file in "$scratch/again/$format/$lang"/*; do
            cmp "$file" "$scratch/$format/$lang/${file##*/}"
        done
    done
    for file in "$scratch/pdf/$lang"/*.pdf; do
        qpdf --check "$file" > /dev/null
        mv "$file" "$scratch/reports/$lang-${file##*/}"
    done
done
digest=$(sha256sum < examples/sound/lta-qualified.jsonld | cut -c1-64)
for said in "$digest" "Εγκεκριμένη ηλεκτρονική σφραγίδα" "Meadowgate University"; do
    pdftotext "$scratch/reports/el-lta-qualified.jsonld.pdf" - | tr -d '\n' | grep -F "$said" > /dev/null ||
        { echo "not in the report: $said" >&2; exit 1; }
done
grep -qF 'script&gt;alert' "$scratch/html/en/hostile.jwt.html"
pdftotext "$scratch/reports/en-hostile.jwt.pdf" - | grep -F '��' > /dev/null
vnu=target/reports/node_modules/vnu-jar/build/dist/vnu.jar
# Which language it sounds like is no question: names and details are in their own.
java -jar "$vnu" --no-langdetect --Werror "$scratch/html"
printf '<!DOCTYPE html><title>x</title><b id=1 id=2>' > "$scratch/broken.html"
! java -jar "$vnu" --Werror "$scratch/broken.html" 2> /dev/null || { echo "the checker of HTML reads everything" >&2; exit 1; }
echo "$(find "$scratch/html" -type f | wc -l) HTML reports are valid"

# Real seals, where the data is at hand.
if [ -d ../shared/credentials ]; then
    lists=(--trust-lists ../shared/trust-lists/2026-08)
    verify "${lists[@]}" --format etsi-xml --output "$scratch/reports" ../shared/credentials
    verify "${lists[@]}" --trust-anchors ../shared/conformance/anchors --format etsi-xml \
        --output "$scratch/reports" ../shared/conformance/*/
else
    echo "skipped: real credentials: no ../shared"
fi

java -cp "$jars/*" tests/reports/Check.java "$scratch/reports"
