# SPDX-License-Identifier: MIT
"""Running swcxl-web and asking it."""

import http.client
import json
import os
import re
import signal
import subprocess
import tempfile

from daemon import REPORT, TIMEOUT, program, wait_until

TOKEN = "correct-horse-battery"
PROGRAM = os.environ.get("SWCXL_WEB") or os.path.join(os.path.dirname(program()), "swcxl-web")


def environment(**more):
    env = {name: value for name, value in os.environ.items()
           if name not in ("SWCXL_QMP", "SWCXL_WEB_TOKEN")}
    return {**env, **more}


class Web:
    """A running swcxl-web, which looks at its device ten times a second."""

    def __init__(self, device, *options, address="0", token=None):
        # what was freed is not kept, so that a test can measure memory
        asan = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
        env = environment(ASAN_OPTIONS=asan, **({"SWCXL_WEB_TOKEN": token} if token else {}))
        self._stderr = tempfile.TemporaryFile()
        self.proc = subprocess.Popen(
            [PROGRAM, "--qmp", device.qmp_path, "--interval", "100", *options, address], env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._stderr, text=True)
        self.url = self.proc.stdout.readline().strip()
        found = re.fullmatch(r"http://(\[?[0-9a-f.:]+\]?):(\d+)/", self.url)
        assert found, (self.url, self.stderr())
        self.host, self.port = found[1].strip("[]"), int(found[2])

    def stderr(self):
        self._stderr.seek(0)
        return self._stderr.read().decode()

    def ask(self, path="/", method="GET", body=None, **headers):
        """(status, headers, body) of a request; '_' in names of headers stands for '-'."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body,
                               {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def state(self):
        status, _, body = self.ask("/api/state")
        assert status == 200
        return json.loads(body)

    def until(self, what, condition):
        """The first state for which it holds."""
        def look():
            state = self.state()
            return state if condition(state) else None
        return wait_until(what, look)

    def act(self, action, token=TOKEN, **body):
        """(status, answer) of a POST."""
        status, _, answer = self.ask(f"/api/{action}", "POST", json.dumps(body),
                                     Content_Type="application/json",
                                     Authorization=f"Bearer {token}")
        return status, json.loads(answer)

    def stop(self, status=0):
        if self.proc.stdout.closed:
            return
        try:
            if self.proc.poll() is None:
                self.proc.send_signal(signal.SIGTERM)
            assert self.proc.wait(TIMEOUT) == status, self.stderr()
            assert not REPORT.search(self.stderr()), self.stderr()
        finally:
            self.proc.kill()
            self.proc.wait()
            self.proc.stdout.close()
            self._stderr.close()
