#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many control commands a second swcxl takes, beside QEMU and its own cxl-type3.

Both get the same requests from the same client (control_client.c): `cxl-inject-poison` of a line
each, no line twice. QEMU keeps a list of 256 and puts what follows into another one without
looking, so it does no more work for the thousandth line than for the 257th.
"""

import json
import statistics
import subprocess
import time

from processes import CLIENT, Qemu, Qmp, Swcxl, emit, image, say

RUNS = 5
FLIGHT = 256
CURVE_RUNS = 3
CURVE = (1, 4, 16, 64, 256, 1024, 4096)
RANGES = 21840  # in a request: swcxl-qmp(7)


def rate(process, first, count, depth):
    """Commands a second."""
    process.connect().close()
    done = subprocess.run([CLIENT, process.qmp, process.name, str(first), str(count), str(depth)],
                          check=True, capture_output=True, text=True).stdout.split()
    if int(done[1]) != count:
        raise SystemExit(f"{done[2]} of {count} commands failed")
    return count / float(done[0])


def swcxl(count, depth, state=False):
    """Of a new device: it holds no poison yet."""
    with Swcxl(state=state) as device:
        return rate(device, 0, count, depth)


def ranges(state=False):
    """Ranges a second when they come by one swcxl-plant-poison."""
    request = json.dumps({"execute": "swcxl-plant-poison", "arguments": {
        "ranges": [[n * 128, 64] for n in range(RANGES)]}}).encode()
    with Swcxl(state=state) as device:
        qmp = Qmp(device.connect())
        start = time.monotonic()
        qmp.raw(request)
        return RANGES / (time.monotonic() - start)


class Peer:
    """One QEMU for all runs, or none at all."""

    def __init__(self):
        self.qemu = Qemu() if image() else None
        self.line = 0
        if not self.qemu:
            say("no QEMU to compare with")

    def add(self, series, key, count, depth):
        if self.qemu:
            series.setdefault(key, []).append(rate(self.qemu, self.line, count, depth))
            self.line += count

    def stop(self):
        if self.qemu:
            self.qemu.stop()


def measure(peer):
    series = {key: [] for key in ("one", "one state", "all", "all state", "ranges", "ranges state")}
    for _ in range(RUNS):
        series["one"].append(swcxl(5000, 1))
        peer.add(series, "QEMU one", 600, 1)
        series["all"].append(swcxl(40000, FLIGHT))
        peer.add(series, "QEMU all", 600, FLIGHT)
        series["all state"].append(swcxl(20000, FLIGHT, state=True))
        series["ranges"].append(ranges())
        series["one state"].append(swcxl(300, 1, state=True))
        series["ranges state"].append(ranges(state=True))
    return series


def curves(peer):
    lines = {"swcxl": [], "swcxl --state": []}
    for depth in CURVE:
        series = {name: [] for name in lines}
        for _ in range(CURVE_RUNS):
            series["swcxl"].append(swcxl(max(2000, 4 * depth), depth))
            series["swcxl --state"].append(swcxl(max(100, 4 * depth), depth, state=True))
            peer.add(series, "QEMU", 200, depth)
        for name, rates in series.items():
            lines.setdefault(name, []).append([depth, statistics.median(rates)])
    return lines


def scan():
    """Seconds that a scan of 256 MiB takes which is to take one: the device's time is real."""
    lines = (256 << 20) // 64
    with Swcxl("--scan-ns-per-line", str(10**9 // lines)) as device:
        qmp = Qmp(device.connect())
        payload = (0).to_bytes(8, "little") + lines.to_bytes(8, "little") + b"\0"
        start = time.monotonic()
        qmp.command("swcxl-cci", opcode=0x4304, payload=payload.hex())
        qmp.event("SWCXL_BACKGROUND_COMPLETED")
        took = time.monotonic() - start
        qmp.close()
        return took


def figure(name, title, series, unit="commands per second", peer=None, least=None, notes=""):
    series = {key: values for key, values in series.items() if values}
    peer = peer if peer in series else None
    emit(group="control", id="control." + name, name=title, unit=unit, better="more",
         series=series, ours=next(iter(series)), peer=peer, floor=None,
         target={"of": "peer", "min": least} if peer else None, notes=notes)
    for key, values in series.items():
        say(f"{title}: {key}: {statistics.median(values):,.0f} {unit}")


def main():
    peer = Peer()
    try:
        series, lines = measure(peer), curves(peer)
    finally:
        peer.stop()
    one = series.get("QEMU one", [])
    figure("one", "cxl-inject-poison, one at a time",
           {"swcxl": series["one"], "QEMU": one, "swcxl --state": series["one state"]},
           peer="QEMU", least=5,
           notes="QEMU's machine has no guest and stands still; with --state each command waits for the disk alone.")
    figure("pipelined", f"cxl-inject-poison, {FLIGHT} in flight",
           {"swcxl": series["all"], "QEMU, one at a time": one, "QEMU": series.get("QEMU all", [])},
           peer="QEMU, one at a time", least=100,
           notes="The same client and the same bytes; QEMU's machine stands still.")
    figure("durable", f"cxl-inject-poison, {FLIGHT} in flight, with a state file",
           {"swcxl --state": series["all state"], "swcxl": series["all"]},
           peer="swcxl", least=1 / 3,
           notes=f"{FLIGHT} commands share a commit, so a slow disk is what is measured: see the curve.")
    figure("ranges", f"swcxl-plant-poison, {RANGES} ranges in a command",
           {"swcxl": series["ranges"], "swcxl, a command each, in flight": series["all"],
            "swcxl --state": series["ranges state"]},
           unit="ranges per second", peer="swcxl, a command each, in flight", least=1)
    seconds = [scan() for _ in range(RUNS)]
    emit(group="control", id="control.scan", name="Scan Media that is to take a second", unit="s", better="less",
         series={"swcxl": seconds}, ours="swcxl", peer=None, floor=None, target={"of": "value", "max": 1.01},
         notes="From the command until its event, in real time.")
    emit(group="control", id="control.flight", name="cxl-inject-poison by commands in flight",
         unit="commands per second", x="commands in flight", curves=lines, log=True)


if __name__ == "__main__":
    main()
