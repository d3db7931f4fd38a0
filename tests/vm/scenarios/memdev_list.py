# SPDX-License-Identifier: MIT
"""cxl list -vvv, all of it; and the device's CDAT."""

import base64
import struct

from scenario import MIB, check, same, test
from scenarios.memdev_base import MemdevBase


class MemdevList(MemdevBase):
    def endpoint(self):
        """The endpoint of cxl list -vvv, with the memory device in it."""
        root, = self.json("cxl list -vvv")
        port, = root["ports:root0"]
        endpoint, = port["endpoints:port1"]
        return endpoint

    @test
    def cxl_list_shows_everything_and_it_is_right(self):
        self.expect_drivers()
        endpoint = self.endpoint()
        same("memory device", endpoint["memdev"], self.expected_memdev())
        same("endpoint", {key: endpoint[key] for key in ("host", "parent_dport", "decoders_committed")},
             {"host": "mem0", "parent_dport": "0000:0c:00.0", "decoders_committed": 0})
        decoders = endpoint[f"decoders:{endpoint['endpoint']}"]
        same("decoders", [(d["interleave_ways"], d["state"]) for d in decoders], [(1, "disabled")] * 4)

    @test
    def cxl_list_shows_errors_beside_the_rest(self):
        self.device.plant(0x1000)
        self.device.plant(512 * MIB - 64, 128, source="external")
        expected = self.expected_memdev() | {"media_errors": [
            {"offset": 0x1000, "length": 64, "source": "Internal"},
            {"offset": 512 * MIB - 64, "length": 128, "source": "External"}]}
        same("memory device", self.endpoint()["memdev"], expected)
        self.debugfs("clear", 0x1000, 512 * MIB - 64, 512 * MIB)

    def cdat(self):
        path = "/sys/bus/cxl/devices/endpoint2/CDAT"
        return base64.b64decode(self.guest.sh(f"base64 {path}"))

    @test
    def cdat_is_a_table_of_the_partitions(self):
        table = self.cdat()
        length, revision, _, sequence = struct.unpack_from("<IBB6xI", table)
        same("length", len(table), length)
        same("sum of all bytes", sum(table) & 0xff, 0)
        check(f"revision {revision}, sequence {sequence}", revision in (1, 2))
        entries, at = [], 16
        while at < length:
            kind, size = struct.unpack_from("<BxH", table, at)
            check(f"an entry of type {kind} at {at} has {size} bytes", 4 <= size <= length - at)
            entries.append((kind, table[at + 4:at + size]))
            at += size
        # DSMAS: handle, flags (bit 2: non-volatile), first byte, length.
        areas = {handle: (bool(flags & 4), base, size) for handle, flags, base, size in
                 (struct.unpack("<BB2xQQ", data) for kind, data in entries if kind == 0)}
        partitions = self.device.query()["partitions"]
        same("memory areas", sorted(areas.values()), sorted(
            (kind == "persistent", part["start"], part["length"]) for kind, part in partitions.items()))
        # DSLBIS: latencies and bandwidths of each area, none of them 0.
        for handle in areas:
            figures = {data[2]: struct.unpack_from("<QH", data, 4) for kind, data in entries
                       if kind == 1 and data[0] == handle}
            same("read and write latency and bandwidth", sorted(figures), [1, 2, 4, 5])
            check(f"figures of area {handle}: {figures}", all(unit and entry for unit, entry in figures.values()))
        # DSEMTS: a memory type for each area.
        same("areas with a type", sorted(data[0] for kind, data in entries if kind == 4), sorted(areas))
