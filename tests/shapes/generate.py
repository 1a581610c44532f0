#!/usr/bin/env python3
"""Compiles the ELM application profile shapes (Turtle) and the JSON-LD context into src/credential/shapes/table.rs.

    tests/shapes/generate.py DIR > src/credential/shapes/table.rs

DIR holds EDC-*.ttl and edc-ap-context.jsonld as the European Commission publishes them. Needs rdflib. Stops at any
construct that the native checker does not know, so that nothing is lost silently.
"""

import hashlib
import json
import pathlib
import sys

import rdflib
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH

FILES = ["generic-no-cv", "generic-full", "accredited", "converted", "diplomaSupplement", "issuedByMandate"]
PROFILES = {
    "GENERIC": ["generic-no-cv", "generic-full"],
    "ACCREDITED": ["generic-no-cv", "generic-full", "accredited"],
    "CONVERTED": ["generic-no-cv", "generic-full", "converted"],
    "DIPLOMA_SUPPLEMENT": ["generic-no-cv", "generic-full", "accredited", "diplomaSupplement"],
    "ISSUED_BY_MANDATE": ["generic-no-cv", "generic-full", "issuedByMandate"],
}
CRED = "https://www.w3.org/2018/credentials#"
XSD = "http://www.w3.org/2001/XMLSchema#"
# Terms of the W3C credentials context that the shapes use, which hold in nodes of type VerifiableCredential alone.
W3C = {
    "credentialSchema": "@id", "credentialStatus": "@id", "credentialSubject": "@id", "evidence": "@id",
    "expirationDate": XSD + "dateTime", "holder": "@id", "issued": XSD + "dateTime", "issuer": "@id",
    "issuanceDate": XSD + "dateTime", "proof": "@id", "refreshService": "@id", "termsOfUse": "@id",
    "validFrom": XSD + "dateTime", "validUntil": XSD + "dateTime",
}
IGNORED = {"name", "description", "message", "severity", "path", "property", "targetClass", "deactivated", "nodekind"}

directory = pathlib.Path(sys.argv[1])
digests = []


def read(name):
    data = (directory / name).read_bytes()
    digests.append((name, hashlib.sha256(data).hexdigest()))
    return data


class Interned(list):
    def of(self, value):
        value = str(value)
        if value not in self:
            self.append(value)
        return self.index(value)


classes, properties, datatypes = Interned(), Interned(), Interned()
datatypes.of(XSD + "string")
datatypes.of(str(RDF.langString))
graphs = {name: rdflib.Graph().parse(data=read(f"EDC-{name}.ttl"), format="turtle") for name in FILES}
shapes, shape_ids = [], {}
merged = sum(graphs.values(), rdflib.Graph())


def local(term):
    return str(term).rsplit("#", 1)[-1]


def deactivated(node):
    return (node, SH.deactivated, rdflib.Literal(True)) in merged


def parameters(node):
    for predicate, value in sorted(merged.predicate_objects(node), key=lambda pair: (str(pair[0]), str(pair[1]))):
        if str(predicate).startswith(str(SH)) and local(predicate) not in IGNORED:
            yield local(predicate), value


def constraint(name, value):
    if name == "minCount":
        return f"MinCount({value})"
    if name == "maxCount":
        return f"MaxCount({value})"
    if name == "class":
        return f"Class({classes.of(value)})"
    if name == "datatype":
        return f"Datatype({datatypes.of(value)})"
    if name == "nodeKind":
        return {"IRI": "NodeKindIri", "Literal": "NodeKindLiteral"}[local(value)]
    if name == "uniqueLang":
        return "UniqueLang" if value.toPython() else None
    if name == "node":
        return f"Node({shape(value)})"
    if name == "hasValue":
        assert isinstance(value, rdflib.URIRef)
        return f'HasValue("{value}")'
    if name == "maxInclusive":
        return f"MaxInclusive({value})"
    if name == "or":
        return f"Or(&[{', '.join(alternative(one) for one in Collection(merged, value))}])"
    raise SystemExit(f"not known: sh:{name}")


def alternative(node):
    [(name, value)] = list(parameters(node))
    assert name in ("class", "node"), name
    return constraint(name, value)


def of_nothing_first(one):
    """What a property without values may break comes first."""
    return (not one.startswith(("MinCount", "HasValue")), one)


def shape(node):
    """The index of a node shape, compiled when first met."""
    if node in shape_ids:
        return shape_ids[node]
    index = shape_ids[node] = len(shapes)
    shapes.append(None)
    own = [constraint(name, value) for name, value in parameters(node)]
    of_properties = []
    for prop in merged.objects(node, SH.property):
        if deactivated(prop):
            continue
        path = merged.value(prop, SH.path)
        assert isinstance(path, rdflib.URIRef), path
        found = [one for one in (constraint(name, value) for name, value in parameters(prop)) if one]
        of_properties.append((properties.of(path), sorted(found, key=of_nothing_first)))
    shapes[index] = (own, sorted(of_properties))
    return index


def profile(names):
    targets = {}
    for name in names:
        for node, target in graphs[name].subject_objects(SH.targetClass):
            if not deactivated(node):
                targets.setdefault(classes.of(target), set()).add(shape(node))
    return sorted((target, sorted(found)) for target, found in targets.items())


profiles = {name: profile(names) for name, names in PROFILES.items()}
context = json.loads(read("edc-ap-context.jsonld"))["@context"]


def expand(term):
    prefix, colon, rest = term.partition(":")
    return context[prefix] + rest if colon and isinstance(context.get(prefix), str) else term


terms, types = [], []
for term, definition in context.items():
    if isinstance(definition, str):
        iri = expand(definition)
        if term[0].isupper():
            types.append((term, classes.of(iri)))
        continue
    unknown = set(definition) - {"@id", "@type", "@container"}
    assert not unknown, unknown
    if term in W3C:
        raise SystemExit(f"{term} is defined twice")
    coercion = "None"
    if definition.get("@container") == "@language":
        coercion = "Language"
    elif definition.get("@type") == "@id":
        coercion = "Id"
    elif "@type" in definition:
        coercion = f"Datatype({datatypes.of(expand(definition['@type']))})"
    iri = expand(definition["@id"])
    if term[0].isupper():
        types.append((term, classes.of(iri)))
    terms.append((term, properties.of(iri), coercion, "false"))
for term, coercion in W3C.items():
    coercion = "Id" if coercion == "@id" else f"Datatype({datatypes.of(coercion)})"
    terms.append((term, properties.of(CRED + term), coercion, "true"))
types.append(("VerifiableCredential", classes.of(CRED + "VerifiableCredential")))
types.append(("VerifiablePresentation", classes.of(CRED + "VerifiablePresentation")))


def by_length(row):
    return (len(row[0]), row[0])


print("// @generated by tests/shapes/generate.py: change that, not this.")
print("//! The shapes of the European Learning Model's application profile and the terms of its JSON-LD context, as the")
print("//! European Commission publishes them. Compiled from the files with these SHA-256 digests:")
print("//!")
for name, digest in digests:
    print(f"//! - `{name}`: `{digest}`")
print()
print("use super::tables::Coercion::{self, Datatype as Typed, Id, Language, None as Plain};")
print("use super::tables::Constraint::{")
print("    Class, Datatype, HasValue, MaxCount, MaxInclusive, MinCount, Node, NodeKindIri, NodeKindLiteral, Or, UniqueLang,")
print("};")
print("use super::tables::{NodeShape, PropertyShape, Targets};")
print()
print("pub(super) const CLASSES: &[&str] = &[")
for one in classes:
    print(f'    "{one}",')
print("];\n\npub(super) const PROPERTIES: &[&str] = &[")
for one in properties:
    print(f'    "{one}",')
print("];\n\npub(super) const DATATYPES: &[&str] = &[")
for one in datatypes:
    print(f'    "{one}",')
print("];\n")
print("/// Term, property, coercion, whether it holds in W3C credentials alone; by length, then by name.")
print("pub(super) const TERMS: &[(&str, u16, Coercion, bool)] = &[")
for term, iri, coercion, w3c in sorted(terms, key=by_length):
    coercion = coercion.replace("Datatype", "Typed").replace("None", "Plain")
    print(f'    ("{term}", {iri}, {coercion}, {w3c}),')
print("];\n")
print("/// Terms of classes; by length, then by name.")
print("pub(super) const TYPES: &[(&str, u16)] = &[")
for term, iri in sorted(set(types), key=by_length):
    print(f'    ("{term}", {iri}),')
print("];\n")
print("pub(super) const SHAPES: &[NodeShape] = &[")
for own, of_properties in shapes:
    print(f"    NodeShape {{ own: &[{', '.join(own)}], properties: &[")
    for path, found in of_properties:
        print(f"        PropertyShape {{ path: {path}, constraints: &[{', '.join(found)}] }},")
    print("    ] },")
print("];")
for name, targets in profiles.items():
    print(f"\npub(super) const {name}: Targets = &[")
    for target, found in targets:
        print(f"    ({target}, &{found}),")
    print("];")
