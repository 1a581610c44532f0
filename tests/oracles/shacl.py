#!/usr/bin/env python3
"""Validates JSON-LD documents with pyshacl, an engine that shares nothing with the project's own.

    shacl.py SHAPES < manifest

SHAPES holds EDC-*.ttl and edc-ap-context.jsonld. Each line of the manifest is {"file", "profile"}; each line of the answer
is a sorted array of [focus node or "_", property, constraint component]. Nothing is fetched: the W3C context is a stand-in
with the terms that the shapes use.
"""

import json
import pathlib
import sys

import pyshacl
import rdflib
from rdflib.namespace import RDF, SH

XSD = "http://www.w3.org/2001/XMLSchema#"
BASE = "http://relative.invalid/"
FILES = {
    "edc-generic-full": ["generic-no-cv", "generic-full"],
    "edc-accredited": ["generic-no-cv", "generic-full", "accredited"],
    "edc-converted": ["generic-no-cv", "generic-full", "converted"],
    "edc-diploma-supplement": ["generic-no-cv", "generic-full", "accredited", "diplomaSupplement"],
    "edc-issued-by-mandate": ["generic-no-cv", "generic-full", "issuedByMandate"],
}


def node(name):
    return {"@id": "cred:" + name, "@type": "@id"}


def date(name):
    return {"@id": "cred:" + name, "@type": XSD + "dateTime"}


W3C = {
    "@version": 1.1,
    "cred": "https://www.w3.org/2018/credentials#",
    "id": "@id",
    "type": "@type",
    "VerifiableCredential": {
        "@id": "cred:VerifiableCredential",
        "@context": {
            **{name: node(name) for name in ["credentialSchema", "credentialStatus", "credentialSubject", "evidence",
                                             "holder", "issuer", "proof", "refreshService", "termsOfUse"]},
            **{name: date(name) for name in ["expirationDate", "issued", "issuanceDate", "validFrom", "validUntil"]},
        },
    },
}

directory = pathlib.Path(sys.argv[1])
context = json.loads((directory / "edc-ap-context.jsonld").read_text())["@context"]
shapes = {}
for profile, names in FILES.items():
    graph = rdflib.Graph()
    for name in names:
        graph.parse(directory / f"EDC-{name}.ttl")
    # What a shape graph says of ontologies is not asked for; an import would be fetched.
    graph.remove((None, rdflib.OWL.imports, None))
    shapes[profile] = graph


def shown(term):
    if not isinstance(term, rdflib.URIRef):
        return "_"
    return str(term).removeprefix(BASE)


for line in sys.stdin:
    case = json.loads(line)
    document = json.loads(pathlib.Path(case["file"]).read_text())
    document["@context"] = [W3C, context]
    data = rdflib.Graph()
    data.parse(data=json.dumps(document), format="json-ld", base=BASE)
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes[case["profile"]], inference="none", advanced=False)
    results = set()
    for result in report.objects(None, SH.result):
        component = report.value(result, SH.sourceConstraintComponent)
        path = report.value(result, SH.resultPath)
        results.add((shown(report.value(result, SH.focusNode)), str(path), str(component).rsplit("#", 1)[-1]))
    print(json.dumps(sorted(results)), flush=True)
