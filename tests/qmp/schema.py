# SPDX-License-Identifier: MIT
"""Holds values against SchemaInfo, as query-qmp-schema returns it."""

BUILTIN = {
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "value": lambda v: True,
}


class Schema:
    def __init__(self, entries):
        self.types = {}
        self.commands = {}
        self.events = {}
        for entry in entries:
            where = {"command": self.commands, "event": self.events}.get(entry["meta-type"],
                                                                         self.types)
            assert entry["name"] not in where, f"{entry['name']} is there twice"
            where[entry["name"]] = entry
        for entry in entries:
            for name in self.references(entry):
                assert name in self.types, f"{entry['name']} refers to {name}, which is missing"

    @staticmethod
    def references(entry):
        yield from (entry[key] for key in ("arg-type", "ret-type", "element-type") if key in entry)
        if entry["meta-type"] == "object":
            yield from (member["type"] for member in entry["members"])
            yield from (variant["type"] for variant in entry.get("variants", ()))

    def check(self, command, value):
        self.check_type(self.commands[command]["ret-type"], value, command)

    def check_event(self, event):
        assert set(event) - {"data"} == {"event", "timestamp"}
        assert set(event["timestamp"]) == {"seconds", "microseconds"}
        self.check_type(self.events[event["event"]]["arg-type"], event.get("data", {}),
                        event["event"])

    def check_type(self, name, value, where):
        entry = self.types[name]
        kind = entry["meta-type"]
        if kind == "builtin":
            assert BUILTIN[entry["json-type"]](value), f"{where}: {value!r} is no {name}"
        elif kind == "enum":
            names = [member["name"] for member in entry["members"]]
            assert names == entry["values"]
            assert value in names, f"{where}: {value!r} is no {name}"
        elif kind == "array":
            assert isinstance(value, list), f"{where}: no array"
            for i, element in enumerate(value):
                self.check_type(entry["element-type"], element, f"{where}[{i}]")
        else:
            assert kind == "object" and isinstance(value, dict), f"{where}: no object"
            members = {member["name"]: member for member in entry["members"]}
            if "tag" in entry:
                variants = {variant["case"]: variant["type"] for variant in entry["variants"]}
                tag = self.types[members[entry["tag"]]["type"]]
                assert sorted(variants) == sorted(tag["values"]), f"{name} has other variants"
                variant = self.types[variants[value[entry["tag"]]]]
                members.update({member["name"]: member for member in variant["members"]})
            for key in value:
                assert key in members, f"{where}.{key} is not in {name}"
            for key, member in members.items():
                if key in value:
                    self.check_type(member["type"], value[key], f"{where}.{key}")
                else:
                    assert "default" in member, f"{where}.{key} is missing"
