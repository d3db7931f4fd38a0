# SPDX-License-Identifier: MIT
"""Event records as tests know them: how one is injected, and what Linux and rasdaemon then say of it.

The layouts, bit numbers and type UUIDs are those of CXL r3.2 8.2.10.2.1, written down here once more: this
is the other side of the comparison, and shares nothing with the device.
"""

import time

from guest import BDF

LOGS = ("informational", "warning", "failure", "fatal")
NIL = "00000000-0000-0000-0000-000000000000"
UUIDS = {"general-media": "fbcd0a77-c260-417f-85a9-088b1621eba6",
         "dram": "601dcbb3-9c06-4eab-b8af-4e9bfb5c9624",
         "memory-module": "fe927475-dd59-4339-a586-79bab113b774",
         "memory-sparing": "e71f3a40-2d29-4092-8a39-4d1c966c7c65"}

# The members of a record's validity field, from bit 0 on.
PLACE = ["channel", "rank", "nibble-mask", "bank-group", "bank", "row", "column"]
VALIDITY = {"general-media": ["channel", "rank", "device", "component-id", "is-comp-id-pldm"],
            "dram": [*PLACE, "correction-mask", "component-id", "is-comp-id-pldm", "sub-channel"],
            "memory-module": ["component-id", "is-comp-id-pldm"],
            "memory-sparing": [*PLACE, "component-id", "is-comp-id-pldm", "sub-channel"]}
# Fields of the header that bits of its flags make valid.
HEADER_VALIDITY = {"maint-op-subclass": 6, "ld-id": 7, "head-id": 8}

# Names that the kernel's trace events give to fields: those that are not just the field's with underscores.
HEADER_NAMES = {"related-handle": "hdr_related_handle", "maint-op-class": "hdr_maint_op_class",
                "maint-op-subclass": "hdr_maint_op_sub_class", "ld-id": "hdr_ld_id", "head-id": "hdr_head_id"}
MEDIA_NAMES = {"memory-event-type": "type", "cme-ev-flags": "cme_threshold_ev_flags"}
NAMES = {"general-media": MEDIA_NAMES, "dram": MEDIA_NAMES,
         "memory-module": {"device-event-type": "event_type", "sub-type": "event_sub_type",
                           "additional-status": "add_status", "temperature": "device_temp",
                           "dirty-shutdown-count": "dirty_shutdown_cnt",
                           "corrected-volatile-error-count": "cor_vol_err_cnt",
                           "corrected-persistent-error-count": "cor_per_err_cnt"},
         "memory-sparing": {"sparing-flags": "flags", "resources-available": "res_avail"}}
# All the numbers that a record of a type has.
MEDIA = ["descriptor", "memory-event-type", "transaction-type", "cme-ev-flags", "sub-type"]
NUMBERS = {"general-media": [*MEDIA, "channel", "rank", "device", "cme-count"],
           "dram": [*MEDIA, *PLACE, "sub-channel", "cvme-count"],
           "memory-module": ["device-event-type", "health-status", "media-status", "additional-status",
                             "life-used", "temperature", "dirty-shutdown-count",
                             "corrected-volatile-error-count", "corrected-persistent-error-count", "sub-type"],
           "memory-sparing": ["sparing-flags", "result", "resources-available", *PLACE, "sub-channel"]}

# A DPA that no region maps has no host physical address: what the kernel says then. These depend on the host.
UNMAPPED = {"hpa": (1 << 64) - 1, "hpa_alias0": (1 << 64) - 1, "region_name": "", "region_uuid": NIL}


class Injection:
    """A record to be injected. kind is a type's name or a UUID; data is what follows the header, with a UUID.

    fields are those of swcxl-inject-event, codes and bits as numbers. With as_qemu the record goes in through
    QEMU's command of its type; with valid=False every field is there but none is marked as valid.
    """

    def __init__(self, log, kind, fields=None, data=b"", as_qemu=False, valid=True):
        self.log = log
        self.kind = kind
        self.fields = fields or {}
        self.data = data
        self.as_qemu = as_qemu
        self.valid = valid

    def inject(self, command):
        if self.as_qemu:
            fields = self.fields | {"log": self.log, "path": "mem0", "flags": self.fields.get("flags", 0)}
            for name in ("memory-event-type", "device-event-type"):
                if name in fields:
                    fields["type"] = fields.pop(name)
            if "dpa" in fields:
                fields["dpa"] |= fields.pop("volatile", 0) | fields.pop("not-repairable", 0) << 1
            if "component-id" in fields:
                fields["component-id"] = bytes.fromhex(fields["component-id"]).decode("ascii")
            command(f"cxl-inject-{self.kind}-event", **fields)
            return
        fields = dict(self.fields)
        if not self.valid:
            fields |= {"flags": fields.get("flags", 0), "validity": []}
        elif "flags" in fields:
            fields["flags"] |= self.header_validity()
        more = {"data": self.data.hex()} if self.data else {}
        command("swcxl-inject-event", log=self.log, type=self.kind, fields=fields, **more)

    def header_validity(self):
        return sum(1 << bit for name, bit in HEADER_VALIDITY.items() if self.valid and name in self.fields)

    def validity(self):
        return sum(1 << bit for bit, name in enumerate(VALIDITY[self.kind])
                   if self.valid and self.fields.get(name, False) is not False)

    def event(self):
        """The kernel's trace event."""
        return "cxl_" + (self.kind.replace("-", "_") if self.kind in UUIDS else "generic_event")

    def traced(self, serial, handle, timestamp):
        """What the kernel traces of it: every field of the trace event."""
        fields = self.fields
        trace = {"memdev": "mem0", "host": BDF, "serial": serial, "log": LOGS.index(self.log),
                 "hdr_uuid": UUIDS.get(self.kind, self.kind),
                 "hdr_flags": fields.get("flags", 0) | LOGS.index(self.log) | self.header_validity(),
                 "hdr_handle": handle, "hdr_timestamp": timestamp, "hdr_length": 128}
        trace |= {name: fields.get(field, 0) for field, name in HEADER_NAMES.items()}
        if self.kind not in UUIDS:
            return trace | {"data": [*self.data.ljust(80, b"\0")]}
        names = NAMES[self.kind]
        trace |= {names.get(field, field.replace("-", "_")): fields.get(field, 0)
                  for field in NUMBERS[self.kind]}
        trace |= {"validity_flags": self.validity(),
                  "comp_id": [*bytes.fromhex(fields.get("component-id", "00" * 16))]}
        if "descriptor" in NUMBERS[self.kind]:
            trace |= {"dpa": fields.get("dpa", 0), **UNMAPPED,
                      "dpa_flags": fields.get("volatile", False) | fields.get("not-repairable", False) << 1}
        if self.kind == "dram":
            words = fields.get("correction-mask", [0] * 4)
            trace["cor_mask"] = [*b"".join(word.to_bytes(8, "little") for word in words)]
        return trace

    def row(self, trace):
        """The row that rasdaemon 0.8.4 stores of it, but for its own id and timestamp."""
        row = {**trace, "log_type": LOGS[trace["log"]].capitalize(), "hdr_ts": ras_time(trace["hdr_timestamp"])}
        for used in ("log", "hdr_timestamp"):
            del row[used]
        for field, bit in HEADER_VALIDITY.items():
            if not trace["hdr_flags"] >> bit & 1:
                row[HEADER_NAMES[field]] = 0
        if self.kind not in UUIDS:
            return row | {"data": bytes(trace["data"])}
        validity = row.pop("validity_flags")
        valid = {name for bit, name in enumerate(VALIDITY[self.kind]) if validity >> bit & 1}
        for field in VALIDITY[self.kind]:
            if field in NUMBERS[self.kind] and field not in valid:
                row[field.replace("-", "_")] = 0
        component = bytes(trace["comp_id"])
        pldm = component if "component-id" in valid and "is-comp-id-pldm" in valid else bytes(16)
        row |= {"comp_id": component if "component-id" in valid else None,
                "pldm_entity_id": pldm[1:7] if pldm[0] & 1 else bytes(6),
                "pldm_resource_id": pldm[7:11] if pldm[0] & 2 else bytes(4)}
        if "cor_mask" in row:
            row["cor_mask"] = bytes(trace["cor_mask"]) if "correction-mask" in valid else None
        if "descriptor" in row:
            if not row["descriptor"] & 2:  # no threshold event: the counter is not looked at
                row |= dict.fromkeys(("cme_threshold_ev_flags", *{"cme_count", "cvme_count"} & {*row}), 0)
            # SQLite's integers have a sign.
            row |= {"region": row.pop("region_name"), "hpa": -1, "hpa_alias0": -1}
            # One buffer holds both texts, so that the second is stored twice: a fault of rasdaemon's.
            row["hdr_uuid"] = row["region_uuid"]
        return row


def ras_time(timestamp):
    """How rasdaemon writes a device's time in nanoseconds; the guest's time zone is UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(timestamp // 1000000000))
