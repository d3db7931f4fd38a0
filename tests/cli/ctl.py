# SPDX-License-Identifier: MIT
"""Running swcxlctl, and what every test of it shares."""

import json
import os
import subprocess

import json_schema

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SWCXLCTL = os.environ.get("SWCXLCTL") or os.path.join(TOP, "build", "swcxlctl")
DONE, REFUSED, USAGE, NO_CONNECTION = 0, 1, 2, 3


class Result:
    def __init__(self, args, completed):
        self.args, self.status = args, completed.returncode
        self.out, self.err = completed.stdout, completed.stderr

    def __repr__(self):
        return f"{self.args}: status {self.status}\n{self.out}{self.err}"

    @property
    def json(self):
        return json.loads(self.out)


class Ctl:
    """swcxlctl with some arguments in front of all others, and its environment."""

    def __init__(self, *first, **env):
        self.first = list(first)
        self.env = dict(os.environ)
        for name in ("SWCXL_QMP", "SWCXL_SYSFS", "COLUMNS"):
            self.env.pop(name, None)
        self.env.update(env)

    def popen(self, *args, **kwargs):
        return subprocess.Popen([SWCXLCTL, *self.first, *map(str, args)], env=self.env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, universal_newlines=True, **kwargs)

    def run(self, *args, stdin=""):
        command = [SWCXLCTL, *self.first, *map(str, args)]
        completed = subprocess.run(command, env=self.env, input=stdin, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, universal_newlines=True, timeout=60)
        return Result(command[1:], completed)

    def ok(self, *args, stdin=""):
        """What it prints; it must be content."""
        result = self.run(*args, stdin=stdin)
        assert result.status == DONE, result
        return result.out

    def json(self, *args, stdin=""):
        document = json.loads(self.ok(*args, "--json", stdin=stdin))
        json_schema.check(json_schema.command_of(args), document)
        return document

    def fails(self, status, text, *args, stdin=""):
        """It must end with this status and say this; with --json it says so as JSON as well."""
        result = self.run(*args, stdin=stdin)
        assert result.status == status and text in result.err, result
        assert result.err.splitlines()[-1].startswith("swcxlctl: "), result
        again = self.run("--json", *args, stdin=stdin)
        assert again.status == status and text in again.json["error"]["text"], again
        assert again.json["error"]["status"] == status
        json_schema.check("failure", again.json)
        return result
