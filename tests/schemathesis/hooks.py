"""What schemathesis cannot know of the service: bodies that are credentials, names of policies, lines of JSON.

Half of what it makes up stays as it is; the rest carries the demonstration's credentials, sound, broken, and with a
byte altered here or there, so that the whole path of a credential is gone through.
"""

import atexit
import base64
import collections
import io
import json
import os
import pathlib
import re
import zipfile
import zlib

import schemathesis
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = sorted(path for folder in ("sound", "broken") for path in (ROOT / "examples" / folder).iterdir())
CREDENTIALS = [path.read_bytes() for path in FILES]
COMPACT = [data for path, data in zip(FILES, CREDENTIALS) if path.suffix == ".jwt"]
XML = [data for path, data in zip(FILES, CREDENTIALS) if path.suffix == ".xml"]
JSON = [json.loads(data) for path, data in zip(FILES, CREDENTIALS) if path.suffix == ".jsonld"]


@st.composite
def altered(draw, credentials):
    """A credential, or what is left of it after a byte was changed or its end was lost."""
    data = bytearray(draw(st.sampled_from(credentials)))
    if draw(st.integers(0, 2)) == 0:
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    if draw(st.integers(0, 9)) == 0:
        del data[draw(st.integers(1, len(data) - 1)) :]
    return bytes(data)


identifiers = st.one_of(st.integers(-(2**53), 2**53), st.text(max_size=40))


@st.composite
def line(draw):
    """A line of a batch: a credential as an object or in base64, or something else."""
    kind = draw(st.integers(0, 9))
    named = {"id": draw(identifiers)} if draw(st.booleans()) else {}
    if kind < 3:
        return json.dumps(named | {"credential": draw(st.sampled_from(JSON))}).encode()
    if kind < 8:
        text = base64.b64encode(draw(altered(CREDENTIALS))).decode()
        return json.dumps(named | {"credential_base64": text}).encode()
    if kind == 8:
        return json.dumps(named | draw(st.dictionaries(st.text(max_size=8), st.text(max_size=8)))).encode()
    return draw(st.binary(max_size=60)).replace(b"\n", b" ")


@st.composite
def archive(draw):
    """A ZIP archive of credentials and other files, or what is left of one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as files:
        for number in range(draw(st.integers(0, 4))):
            method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
            content = draw(st.one_of(altered(CREDENTIALS), st.binary(max_size=50)))
            name = draw(st.sampled_from(["", "folder/", "../", "/", "\u00e9"])) + f"{number}.jsonld"
            files.writestr(name, content, method)
    data = bytearray(buffer.getvalue())
    if draw(st.integers(0, 4)) == 0:
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


lines = st.lists(line(), min_size=1, max_size=5).map(lambda all: b"\n".join(all) + b"\n")
noise = st.binary(min_size=1, max_size=200)
MADE = {
    "application/x-ndjson": st.one_of(lines, lines, noise),
    "application/zip": st.one_of(archive(), archive(), noise),
    "application/jose": st.one_of(altered(COMPACT), noise),
    "application/xml": st.one_of(altered(XML), noise),
    "application/octet-stream": st.one_of(altered(CREDENTIALS), noise),
}
for name, strategy in MADE.items():
    schemathesis.openapi.media_type(name, strategy)


@schemathesis.deserializer("application/x-ndjson")
def lines_as_array(_, response):
    """As the description has them: each line an item."""
    return [json.loads(line) for line in response.content.splitlines()]


KEY = os.environ.get("SEALGATE_KEY")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Where clients are configured nobody goes without, and no certificates are asked for here. Of bodies that are made
    up above, schemathesis takes no examples; they are replayed by a test of the project."""
    if KEY:
        raw_schema["security"] = [{"apiKey": []}]
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for name, media in operation.get("requestBody", {}).get("content", {}).items():
                if name in MADE:
                    media.pop("examples", None)


def picked(choices, of):
    """One of these, always the same for the same case."""
    return choices[zlib.crc32(repr(of).encode()) % len(choices)]


POLICIES = {"policy": ["default", "qualified-seal"], "acceptance": ["default", "admissions"]}


def is_positive(case, place):
    component = case.meta and next((of for name, of in case.meta.components.items() if name.value == place), None)
    return component is None or component.mode.is_positive


ACCEPTED = ["*/*", "application/json", "application/xml", "text/xml;q=0.9, application/json;q=0.1"]


@schemathesis.hook
def map_case(context, case):
    if isinstance(case.query, dict) and is_positive(case, "query"):
        for name in POLICIES.keys() & case.query.keys():
            case.query[name] = picked(POLICIES[name], case.query[name])
        # Where no key signs receipts, `true` is refused, as its description says.
        if "receipt" in case.query:
            case.query["receipt"] = "false"
        # When the demonstration's seals hold; at any time, few would pass.
        if "at" in case.query and picked([True, True, False], case.query):
            case.query["at"] = "2026-11-22T00:00:00Z"
    if isinstance(case.body, dict) and is_positive(case, "body") and picked([True, True, False], case.body):
        if case.media_type == "application/json":
            case.body = picked(JSON, case.body)
        for name in {"file", "_file"} & case.body.keys():
            case.body[name] = picked(CREDENTIALS, case.body)
    # No parameter says which form of the answer is wanted.
    if case.operation.path == "/v1/verify":
        case.headers["Accept"] = picked(ACCEPTED, (case.query, str(case.body)[:200]))
    return case


answered = collections.Counter()
passed = collections.Counter()


@schemathesis.hook
def after_call(context, case, response):
    operation = f"{case.operation.method.upper()} {case.operation.path}"
    answered[(operation, response.status_code)] += 1
    # A verdict of ours, or SEAL as the official API has it.
    seal = rb'f9c2016fe9.{0,200}?"status":{"id":"[^"]*/9895008394"'
    passed[operation] += len(re.findall(rb'"verdict":"passed"|' + seal, response.content))


@atexit.register
def report():
    """How many cases there were and what they came to, for people; the totals as a line for `run.sh`."""
    operations = sorted({operation for operation, _ in answered})
    for operation in operations:
        statuses = {status: count for (of, status), count in sorted(answered.items()) if of == operation}
        total = sum(statuses.values())
        counts = ", ".join(f"{count} x {status}" for status, count in statuses.items())
        seals = f"; {passed[operation]} credentials passed" if operation.startswith("POST") else ""
        print(f"{operation}: {total} cases: {counts}{seals}")
    if answered and (path := os.environ.get("SEALGATE_COUNTS")):
        with open(path, "a") as file:
            file.write(f"{sum(answered.values())}\n")
