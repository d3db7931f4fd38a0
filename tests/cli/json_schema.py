# SPDX-License-Identifier: MIT
"""Holds documents of swcxlctl against docs/json/swcxlctl.schema.json, and strictly: where the schema
lets new keys come, a key that it does not have is a mistake here."""

import json
import os

import jsonschema

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILE = os.path.join(TOP, "docs", "json", "swcxlctl.schema.json")


def closed(schema):
    if isinstance(schema, list):
        return [closed(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object":
        strict["additionalProperties"] = False
    return strict


with open(FILE) as file:
    SCHEMA = json.load(file)
STRICT = closed(SCHEMA)
COMMANDS = STRICT["properties"]


def forms(command):
    return COMMANDS[command].get("anyOf", [COMMANDS[command]])


def mistake(form, document):
    """What is wrong, and where; None when nothing is."""
    errors = list(jsonschema.Draft202012Validator({**form, "$defs": STRICT["$defs"]})
                  .iter_errors(document))
    leaves = [leaf for error in errors for leaf in error.context or [error]]
    leaf = max(leaves, key=lambda leaf: len(leaf.absolute_path), default=None)
    return leaf and f"{'/'.join(map(str, leaf.absolute_path))}: {leaf.message[:200]}"


def check(command, document):
    """The form that the document has; an AssertionError when it has none."""
    mistakes = []
    for form in forms(command):
        wrong = mistake(form, document)
        if not wrong:
            return form["description"]
        mistakes.append(f"{form['description']} {wrong}")
    raise AssertionError(f"{command}: no document of this form: {mistakes}")


def command_of(args):
    """The command that the words name: the longest one wins."""
    words = [str(word) for word in args]
    for i in range(len(words)):
        for command in sorted(COMMANDS, key=len, reverse=True):
            if words[i:i + len(command.split())] == command.split():
                return command
    raise AssertionError(f"no command in {words}")
