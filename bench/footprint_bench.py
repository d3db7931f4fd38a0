#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an swcxl process costs that nobody talks to: until it is ready, in memory, in wake-ups, and
a thousand of them at once. QEMU with one cxl-type3 and no guest is what else there is.
"""

import concurrent.futures
import os
import statistics
import subprocess
import time

from processes import Qemu, Qmp, Swcxl, emit, image, say

RUNS = 7
PEER_RUNS = 3
DEVICES = 1000
CROWD_RUNS = 3
IDLE_S = 5
MIB = 1 << 20


def ready(make):
    """Milliseconds until it has answered a client, and the idle process's anonymous memory in MiB."""
    with make() as process:
        qmp = Qmp(process.connect())
        qmp.command("query-status")
        ms = (time.monotonic() - process.started) * 1e3
        qmp.close()
        return ms, process.anonymous() / MIB


def nothing():
    """Milliseconds for a program that does nothing: what starting one costs here."""
    start = time.monotonic()
    subprocess.run(["true"], check=True)
    return (time.monotonic() - start) * 1e3


def starts():
    time_to = {"swcxl": [], "QEMU": [], "swcxl --state": [], "true": []}
    memory = {"swcxl": [], "QEMU": [], "swcxl --state": []}
    kinds = {"swcxl": Swcxl, "swcxl --state": lambda: Swcxl(state=True), "QEMU": Qemu}
    for run in range(RUNS):
        time_to["true"].append(nothing())
        for name, make in kinds.items():
            if name == "QEMU" and (run >= PEER_RUNS or not image()):
                continue
            ms, mib = ready(make)
            time_to[name].append(ms)
            memory[name].append(mib)
    return time_to, memory


def idle():
    """Wake-ups in IDLE_S seconds without a guest and without a client, all at the same time."""
    kinds = {"swcxl": Swcxl, "swcxl --state": lambda: Swcxl(state=True),
             "swcxl with vfio-user": lambda: Swcxl(vfio=True)}
    if image():
        kinds["QEMU"] = Qemu
    running = [(name, make()) for name, make in kinds.items() for _ in range(3)]
    try:
        for _, process in running:
            process.connect().close()
        time.sleep(0.5)  # what followed from the connection is over
        before = [process.wakeups() for _, process in running]
        time.sleep(IDLE_S)
        series = {}
        for (name, process), count in zip(running, before):
            series.setdefault(name, []).append(process.wakeups() - count)
        return series
    finally:
        for _, process in running:
            process.stop()


def ask(device):
    qmp = Qmp(device.connect())
    assert qmp.command("swcxl-query-device")["name"] == device.name
    qmp.close()


def crowd():
    """Seconds to start them all and to ask them all, and their memory per device in MiB."""
    devices = []
    try:
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            devices = [f.result() for f in [pool.submit(Swcxl) for _ in range(DEVICES)]]
        for device in devices:
            device.connect().close()
        started = time.monotonic()
        memory = sum(device.anonymous() for device in devices) / MIB
        asking = time.monotonic()
        for device in devices:
            ask(device)
        return started - start, time.monotonic() - asking, memory / DEVICES
    finally:
        for device in devices:
            device.proc.terminate()
        for device in devices:
            device.stop()


def figure(name, title, unit, series, most=None, peer=None, floor=None, notes=""):
    series = {key: values for key, values in series.items() if values}
    emit(group="footprint", id="footprint." + name, name=title, unit=unit, better="less",
         series=series, ours=next(iter(series)), peer=peer if peer in series else None,
         floor=floor, target=None if most is None else {"of": "value", "max": most}, notes=notes)
    for key, values in series.items():
        say(f"{title}: {key}: {statistics.median(values):,.2f} {unit}")


def main():
    time_to, memory = starts()
    figure("ready", "from exec until a client has an answer", "ms", time_to, most=10,
           peer="QEMU", floor="true", notes="QEMU is a whole machine, with one cxl-type3 and no guest.")
    figure("memory", "anonymous memory of an idle device of 256 MiB", "MiB", memory, most=4,
           peer="QEMU", notes="Of QEMU's, the machine is the greater part; its guest's memory is not touched.")
    figure("idle", f"wake-ups in {IDLE_S} s without a guest or a client", "wake-ups", idle(), most=0,
           peer="QEMU")
    runs = [crowd() for _ in range(CROWD_RUNS)]
    for name, title, unit, index in (
            ("crowd.start", f"starting {DEVICES} devices", "s", 0),
            ("crowd.ask", f"connecting to each of {DEVICES} devices and asking it", "s", 1),
            ("crowd.memory", f"anonymous memory of each of {DEVICES} devices", "MiB", 2)):
        figure(name, title, unit, {"swcxl": [run[index] for run in runs]},
               most=4 if unit == "MiB" else None)


if __name__ == "__main__":
    main()
