# SPDX-License-Identifier: MIT
"""A fabric manager and a host that offer, accept, write, release and take dynamic capacity until
the device is killed under their hands: crash_load.py, for a region of non-volatile capacity.

What was accepted or released is so afterwards, with what is on its media; offers and requests are
nothing that outlives power (DC-9), the records that tell of them do.
"""

import struct

from crash_load import Piece, QmpLoader

BOTTOM, BLOCK = 512 << 20, 2 << 20  # of the region; a block
SLOTS = 60  # extents of a block, with a block between each and the next
LOG = 4
DC_OPTIONS = ("--dc-regions", "1", "--dc-flags", "0=non-volatile")


def start_of(slot):
    return BOTTOM + 2 * BLOCK * slot


class DcPiece(Piece):
    """The region. `content` is what the host can read, `hidden` what nobody can."""

    def __init__(self):
        super().__init__()
        self.accepted = set()
        self.offers = []  # each a tuple of slots
        self.hidden = {}

    def copy(self):
        other = super().copy()
        other.accepted, other.offers = set(self.accepted), list(self.offers)
        other.hidden = dict(self.hidden)
        return other

    def power_cycle(self):
        super().power_cycle()
        self.offers = []

    def differences(self, other):
        return [key for key in super().differences(other) if key != "hidden"]

    def free(self):
        return sorted(set(range(SLOTS)) - self.accepted - {s for offer in self.offers for s in offer})

    # ---- commands ----

    def records(self, kind, slots):
        for slot in slots:
            self.event((kind, start_of(slot), slot != slots[-1]))

    def offer(self, slots):
        self.offers.append(slots)
        self.records("add-capacity", slots)

    def answer(self, slots):
        self.offers.pop(0)
        self.accepted |= set(slots)
        for slot in slots:
            if slot in self.hidden:
                self.content[slot] = self.hidden.pop(slot)

    def ask(self, slots):
        self.records("release-capacity", slots)

    def give_back(self, slots):
        self.accepted -= set(slots)
        for slot in slots:
            if slot in self.content:
                self.hidden[slot] = self.content.pop(slot)

    def force(self, slots, sanitize):
        self.give_back(slots)
        self.records("forced-capacity-release", slots)
        for slot in slots if sanitize else ():
            self.hidden.pop(slot, None)
            self.poison.pop(slot, None)

    def store(self, slot, data):
        self.content.pop(slot, None)
        if any(data):
            self.content[slot] = data

    def hurt(self, slot):
        """A latent error, in lines that nobody reads."""
        self.poison[slot] = True


class DcLoader(QmpLoader):
    def __init__(self, number, seed):
        super().__init__(number, seed)
        self.piece = DcPiece()

    # ---- what to do ----

    def some(self, slots):
        return tuple(sorted(self.rng.sample(slots, self.rng.randrange(1, min(4, len(slots)) + 1))))

    def next(self):
        rng, kind, piece = self.rng, self.rng.random(), self.planned
        if piece.offers and kind < 0.3:
            return "answer", tuple(s for s in piece.offers[0] if rng.random() < 0.8)
        if piece.events and kind < 0.4:
            return "clear_events", rng.randrange(1, min(20, len(piece.events)) + 1)
        if kind < 0.5:
            return "hurt", rng.randrange(SLOTS)
        if piece.accepted and kind < 0.8:
            slots = self.some(sorted(piece.accepted))
            return rng.choice((("store", slots[0], rng.choice((rng.randbytes, bytes))(64)),
                               ("store", slots[0], rng.randbytes(64)), ("ask", slots),
                               ("give_back", slots), ("force", slots, rng.random() < 0.5)))
        free = piece.free()
        return ("offer", self.some(free)) if free and len(piece.offers) < 8 else ("look",)

    def encode(self, name, *args):
        if name in ("offer", "ask", "force"):
            ranges = [{"offset": start_of(slot) - BOTTOM, "len": BLOCK} for slot in args[0]]
            common = {"path": "mem0", "host-id": 0, "region": 0, "extents": ranges}
            if name == "offer":
                return self.request("cxl-add-dynamic-capacity",
                                    **{**common, "selection-policy": "prescriptive"})
            return self.request("cxl-release-dynamic-capacity", **{
                **common, "removal-policy": "prescriptive", "forced-removal": name == "force",
                "sanitize-on-release": name == "force" and args[1]})
        if name in ("answer", "give_back"):
            entries = b"".join(struct.pack("<QQ8x", start_of(slot), BLOCK) for slot in args[0])
            payload = struct.pack("<I4x", len(args[0])) + entries
            return self.request("swcxl-cci", opcode=0x4802 if name == "answer" else 0x4803,
                                payload=payload.hex())
        if name == "store":
            return self.request("swcxl-write-media", start=start_of(args[0]), data=args[1].hex())
        if name == "hurt":
            return self.request("swcxl-plant-poison", start=start_of(args[0]) + BLOCK // 2,
                                length=64, known=False)
        if name == "look":
            return self.request("swcxl-query-poison", start=BOTTOM, length=64 * SLOTS)
        return super().encode(name, *args)

    # ---- afterwards ----

    def observe(self, qmp):
        piece, dc = DcPiece(), qmp.cmd("swcxl-query-device")["dynamic-capacity"]
        assert dc["held"] == dc["refused"] == [] and dc["dead-offers"] == 0
        assert dc["extents-available"] == 1024 - len(dc["accepted"]) - len(dc["pending"])
        piece.offers = dc["pending"]
        for extent in dc["accepted"]:
            slot, rest = divmod(extent["start"] - BOTTOM, 2 * BLOCK)
            assert rest == 0 and extent["length"] == BLOCK and not extent["release-requested"]
            piece.accepted.add(slot)
            data = bytes.fromhex(qmp.cmd("swcxl-read-media", start=extent["start"],
                                         length=64)["data"])
            if any(data):
                piece.content[slot] = data
        for row in qmp.cmd("swcxl-query-poison", start=BOTTOM, length=2 * BLOCK * SLOTS):
            assert row["length"] == 64 and not row["known"]
            piece.poison[(row["start"] - BOTTOM) // (2 * BLOCK)] = True
        for record in qmp.cmd("swcxl-query-events", log="dynamic-capacity"):
            piece.events.append((record["handle"], (
                record["dc-event-type"], record["start"], record["dc-event-flags"] == ["more"])))
        piece.last_handle = piece.events[-1][0] if piece.events else 0
        return piece
