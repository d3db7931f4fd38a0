# SPDX-License-Identifier: MIT
"""The programs that listen to a host's memory errors, run in the guest: rasdaemon and cxl monitor."""

import json
import re
import sqlite3

from guest import Failure, GuestFile, wait_for


def wait_growing(number, enough):
    """Waits until number() is enough, as long as it grows; returns it."""
    while (now := number()) < enough:
        try:
            wait_for("growth", lambda: number() > now, pause=0.3)
        except Failure:
            break
    return number()


class Rasdaemon:
    """rasdaemon, recording into its database."""

    DATABASE = "/var/lib/rasdaemon/ras-mc_event.db"
    LOG = "/run/rasdaemon.log"

    def __init__(self, guest):
        self.guest = guest
        guest.sh(f"rasdaemon --foreground --record >{self.LOG} 2>&1 &")
        self.log = GuestFile(guest, self.LOG)
        # What happens from now on is kept for it in a trace buffer of its own, even before it reads.
        wait_for("rasdaemon's listening", lambda: "Listening to events" in "".join(self.log.lines()))

    def stored(self):
        """The tables that got a row, in the order of time."""
        log = "\n".join(self.log.lines())
        bad = re.findall(r"^.*(?:Failed to do|Failed reset|CANT FIND|unexpected).*$", log, re.M)
        if bad:
            raise Failure("rasdaemon's log: " + "\n".join(bad))
        return re.findall(r"(cxl_\w+) store: \S+\n(?:.*\n)??.*register inserted at db", log)

    def wait(self, count):
        """Waits until so many rows about CXL were stored since the start, and no more came."""
        stored = wait_growing(lambda: len(self.stored()), count)
        if stored != count:
            raise Failure(f"rasdaemon stored {stored} rows, expected {count}")

    def rows(self, table, since=0):
        """The rows of a table as {column: value}, in the order of time. Only after wait(): rasdaemon drops
        what it cannot store at once, and so would lose a row to a reader that holds the database's lock."""
        database = sqlite3.connect(":memory:")
        database.row_factory = sqlite3.Row
        database.executescript(self.guest.sh(f"sqlite3 -readonly {self.DATABASE} '.dump {table}'"))
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY id")][since:]

    def text(self, event):
        """What it says of events of one kind, a text each."""
        return re.findall(rf" {event} (?:\[\w+\] )?(.*)$", "\n".join(self.log.lines()), re.M)


class Monitor:
    """cxl monitor, which prints a JSON object for each event."""

    OUTPUT = "/run/monitor"

    def __init__(self, guest):
        self.guest = guest
        guest.sh(f"cxl monitor >{self.OUTPUT} 2>&1 &")
        self.output = GuestFile(guest, self.OUTPUT)
        wait_for("cxl monitor", lambda: guest.run(
            "grep -q 1 /sys/kernel/tracing/instances/cxl_monitor/events/cxl/enable")[0] == 0)

    def wait(self, count):
        """The events since the start, when there are so many; more are a failure."""
        printed = wait_growing(lambda: len(self.output.lines()), count)
        if printed != count:
            raise Failure(f"cxl monitor printed {printed} lines, expected {count}")
        return [json.loads(line) for line in self.output.lines()]
