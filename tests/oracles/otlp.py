#!/usr/bin/env python3
"""Reads exports of traces by OpenTelemetry's own protocol buffers, compiled by its maintainers.

    otlp.py < exports

Each line is {"encoding": null or "gzip", "body": base64 of an ExportTraceServiceRequest}; each line of the answer is an
array of its spans, each with the attributes of its resource and the name of its scope.
"""

import base64
import gzip
import json
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


def value(any_value):
    kind = any_value.WhichOneof("value")
    return getattr(any_value, kind) if kind in ("string_value", "int_value", "bool_value", "double_value") else kind


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


def spans(request):
    for of_resource in request.resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield {
                    "resource": attributes(of_resource.resource.attributes),
                    "scope": of_scope.scope.name,
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "kind": Span.SpanKind.Name(span.kind),
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "attributes": attributes(span.attributes),
                    "events": len(span.events),
                    "links": len(span.links),
                    "status": Status.StatusCode.Name(span.status.code),
                    "sampled": bool(span.flags & 1),
                }


for line in sys.stdin:
    export = json.loads(line)
    body = base64.b64decode(export["body"])
    if export["encoding"] == "gzip":
        body = gzip.decompress(body)
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    if request.SerializeToString(deterministic=True) == b"":
        sys.exit("an export of nothing")
    print(json.dumps(list(spans(request))))
