"""Holds the bill of materials against CycloneDX's schema, and against the binary.

usage: sbom.py SBOM.json BINARY
"""

import json
import pathlib
import re
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = pathlib.Path(sys.argv[1]).read_text()
if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
    sys.exit(f"FAILED: not CycloneDX 1.6: {error}")


components = json.loads(text)["components"]
linked = {c["purl"] for c in components if c.get("scope") == "required"}
# The binary tells what is in it: places in its crates' sources, for messages and stack traces.
binary = pathlib.Path(sys.argv[2]).read_bytes()
found = set(re.findall(rb"/registry/src/[^/]+/([A-Za-z0-9_-]+?)-(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)/", binary))
found = {f"pkg:cargo/{name.decode()}@{version.decode()}" for name, version in found}
if len(found) < 30 or found - linked:
    sys.exit(f"FAILED: of {len(found)} crates in the binary these are not listed: {sorted(found - linked)}")
print(f"  {len(components)} crates, {len(linked)} of them linked; all {len(found)} that the binary tells are listed")
unproven = [c["purl"] for c in components if "hashes" not in c or "licenses" not in c]
if unproven:
    sys.exit(f"FAILED: without digest or licence: {unproven}")
