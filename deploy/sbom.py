"""`cargo metadata` and Cargo.lock → CycloneDX 1.6; called by sbom.sh."""

import hashlib
import json
import pathlib
import sys
import tomllib
import uuid

metadata = json.load(sys.stdin)
lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text())
digests = {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}
packages = {p["id"]: p for p in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
root = metadata["resolve"]["root"]


def listed(tree):
    """The packages that `cargo tree` names."""
    names = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    return {id for id, p in packages.items() if (p["name"], f"v{p['version']}") in names}


every, within = listed(sys.argv[2]), listed(sys.argv[3])


def dependencies(package):
    built = lambda d: any(kind["kind"] in (None, "build") for kind in d["dep_kinds"])
    return sorted({d["pkg"] for d in nodes[package]["deps"] if built(d)} & every)


def reference(package):
    return f"pkg:cargo/{packages[package]['name']}@{packages[package]['version']}"


def component(package):
    about = packages[package]
    made = {
        "type": "application" if package == root else "library",
        "bom-ref": reference(package),
        "name": about["name"],
        "version": about["version"],
        "purl": reference(package),
    }
    if package != root:
        made["scope"] = "required" if package in within else "excluded"
    if about.get("description"):
        made["description"] = " ".join(about["description"].split())
    if about.get("license"):
        # An old way to write OR, which is no SPDX expression.
        made["licenses"] = [{"expression": about["license"].replace("/", " OR ")}]
    if digest := digests.get((about["name"], about["version"])):
        made["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if about.get("repository"):
        made["externalReferences"] = [{"type": "vcs", "url": about["repository"]}]
    return made


order = sorted(every - {root}, key=reference)
document = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "version": 1,
    "metadata": {
        "component": component(root),
        "properties": [{"name": "sealgate:target", "value": sys.argv[1]}],
    },
    "components": [component(package) for package in order],
    "dependencies": [
        {"ref": reference(p), "dependsOn": sorted(map(reference, dependencies(p)))} for p in [root, *order]
    ],
}
# Named by its content: no time and no random number, so that it can be compared.
digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}"
json.dump(document, sys.stdout, indent=1)
print()
