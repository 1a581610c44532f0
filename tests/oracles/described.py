#!/usr/bin/env python3
"""Validates `{"schema", "value"}` lines from standard input, whose schemas may refer to the components of the OpenAPI
description in a file; prints each error."""

import json
import sys

import jsonschema

components = json.load(open(sys.argv[1]))["components"]
for number, line in enumerate(sys.stdin, 1):
    case = json.loads(line)
    schema = {"components": components, "allOf": [case["schema"]]}
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for error in validator.iter_errors(case["value"]):
        print(f"line {number}: {error.json_path}: {error.message[:200]}")
