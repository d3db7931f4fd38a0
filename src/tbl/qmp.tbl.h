/* SPDX-License-Identifier: MIT */
/*
 * The control protocol: commands, their arguments and what they return, events. Rows only; a row
 * macro that the including file does not define is empty. From here follow the argument structs
 * and their checks, query-commands, query-qmp-schema and the reference in swcxl-qmp(7).
 *
 *   ENUM(id, "name", values...)      VALUE("name", number)
 *                                    As the type of a list in a reply, number is a bit number.
 *   OBJECT("name", members...)       MEMBER("name", "type", "help")
 *   EVENT("NAME", "object", "help")  "empty": the event has no data
 *   ITEM(id, "name", arguments...)    an object that is given in a list: see ARG_ITEMS
 *   COMMAND(id, "name", "returns", since, flags, "help", arguments...)
 *
 * The objects that an event-record has by its type are in event_fields.tbl.h, what is about dynamic
 * capacity alone in qmp_capacity.tbl.h.
 *
 * Types are spelled as query-qmp-schema spells them: int, str, bool, any, the name of an ENUM or
 * OBJECT, or [name] for an array. Arguments, in the order in which they are checked:
 *
 *   ARG_UINT(field, "name", C type, presence, default, min, max, "help")
 *   ARG_BOOL(field, "name", presence, default, "help")
 *   ARG_ENUM(field, "name", enum id, presence, default, "help")
 *   ARG_STR(field, "name", presence, "help")
 *   ARG_HEX(field, "name", presence, min, max, "help")      bytes; hexadecimal digits
 *   ARG_LIST(field, "name", enum id, "help")                any of an enum: bits; optional
 *   ARG_INT(field, "name", C type, presence, "help")        may be negative
 *   ARG_WORDS(field, "name", C type, presence, "help")      numbers, QMP_WORDS_MAX are kept
 *   ARG_OBJECT(field, "name", "help")                       as it is; optional
 *   ARG_ITEMS(field, "name", item id, "help")               a list of such objects; required
 *   ARG_RANGES(field, "name", "help")                       pairs of start and length; optional
 *
 * EFFECT in flags: the command can change the device outside of its command interface, so it is
 * part of a trace, and its reply is what durable state has to wait for. With TIME, all that it
 * does is to let time pass, which every line of a trace tells already: it is no line of its own.
 * With NOT_KEPT nothing of it outlives the power, so it needs no state file that can be written.
 */
#ifndef ENUM
#define ENUM(...)
#endif
#ifndef OBJECT
#define OBJECT(...)
#endif
#ifndef EVENT
#define EVENT(...)
#endif
#ifndef ITEM
#define ITEM(...)
#endif
#ifndef COMMAND
#define COMMAND(...)
#endif
/* clang-format off */

/* ---- enums ---------------------------------------------------------------------------------- */

ENUM(capability, "capability", VALUE("oob", 0))
ENUM(run_state, "run-state", VALUE("running", 0))
ENUM(clock, "clock",
	VALUE("real", 0)
	VALUE("virtual", 1))
ENUM(revision, "revision",
	VALUE("2.0", SWCXL_CXL_2_0)
	VALUE("3.0", SWCXL_CXL_3_0)
	VALUE("3.1", SWCXL_CXL_3_1)
	VALUE("3.2", SWCXL_CXL_3_2))
ENUM(source, "source",
	VALUE("unknown", SWCXL_SOURCE_UNKNOWN)
	VALUE("external", SWCXL_SOURCE_EXTERNAL)
	VALUE("internal", SWCXL_SOURCE_INTERNAL)
	VALUE("injected", SWCXL_SOURCE_INJECTED)
	VALUE("vendor", SWCXL_SOURCE_VENDOR))
ENUM(log, "log",
	VALUE("informational", SWCXL_LOG_INFORMATIONAL)
	VALUE("warning", SWCXL_LOG_WARNING)
	VALUE("failure", SWCXL_LOG_FAILURE)
	VALUE("fatal", SWCXL_LOG_FATAL))
ENUM(dc_flag, "dc-flag", SWCXL_DC_FLAG_WORDS(VALUE))
ENUM(dc_change, "dc-change",
	VALUE("accepted", SWCXL_DC_ACCEPTED)
	VALUE("refused", SWCXL_DC_REFUSED)
	VALUE("offer-timed-out", SWCXL_DC_OFFER_TIMED_OUT)
	VALUE("released", SWCXL_DC_RELEASED)
	VALUE("release-timed-out", SWCXL_DC_REQUEST_TIMED_OUT))
ENUM(dc_selection, "extent-selection-policy",
	VALUE("free", SWCXL_DC_SELECT_FREE)
	VALUE("contiguous", SWCXL_DC_SELECT_CONTIGUOUS)
	VALUE("prescriptive", SWCXL_DC_SELECT_PRESCRIPTIVE)
	VALUE("enable-shared-access", SWCXL_DC_SELECT_SHARED))
ENUM(dc_removal, "extent-removal-policy",
	VALUE("tag-based", SWCXL_DC_REMOVE_TAG)
	VALUE("prescriptive", SWCXL_DC_REMOVE_PRESCRIPTIVE))
ENUM(dc_event_type, "dc-event-type",
	VALUE("add-capacity", DC_EVENT_ADD)
	VALUE("release-capacity", DC_EVENT_RELEASE)
	VALUE("forced-capacity-release", DC_EVENT_FORCED_RELEASE)
	VALUE("region-configuration-updated", DC_EVENT_REGION_UPDATED)
	VALUE("add-capacity-response", DC_EVENT_ADD_RESPONSE)
	VALUE("capacity-released", DC_EVENT_RELEASED)
	VALUE("reserved", UINT_MAX))
ENUM(dc_event_flags, "dc-event-flags", VALUE("more", 0))
ENUM(dc_validity, "dc-validity", VALUE("available", 0))
/* The same with the one that no severity has. */
ENUM(event_log, "event-log",
	VALUE("informational", SWCXL_LOG_INFORMATIONAL)
	VALUE("warning", SWCXL_LOG_WARNING)
	VALUE("failure", SWCXL_LOG_FAILURE)
	VALUE("fatal", SWCXL_LOG_FATAL)
	VALUE("dynamic-capacity", SWCXL_LOG_DYNAMIC_CAPACITY))
ENUM(reset, "reset",
	VALUE("conventional", SWCXL_RESET_CONVENTIONAL)
	VALUE("cold", SWCXL_RESET_COLD)
	VALUE("cxl", SWCXL_RESET_CXL)
	VALUE("function", SWCXL_RESET_FUNCTION))
ENUM(media_status, "media-status",
	VALUE("not-ready", 0)
	VALUE("ready", 1)
	VALUE("error", 2)
	VALUE("disabled", 3))
ENUM(fault, "fault",
	VALUE("return-code", SWCXL_FAULT_RETURN_CODE)
	VALUE("delay", SWCXL_FAULT_DELAY)
	VALUE("hang", SWCXL_FAULT_HANG)
	VALUE("short-reply", SWCXL_FAULT_SHORT_REPLY)
	VALUE("stuck-background", SWCXL_FAULT_STUCK_BACKGROUND)
	VALUE("media-not-ready", SWCXL_FAULT_MEDIA_NOT_READY)
	VALUE("media-error", SWCXL_FAULT_MEDIA_ERROR)
	VALUE("mailbox-not-ready", SWCXL_FAULT_MAILBOX_NOT_READY)
	VALUE("fatal", SWCXL_FAULT_FATAL)
	VALUE("firmware-halt", SWCXL_FAULT_FIRMWARE_HALT))
ENUM(health_status, "health-status",
	VALUE("maintenance-needed", 0)
	VALUE("performance-degraded", 1)
	VALUE("replace-hardware", 2)
	VALUE("capacity-degraded", 3))
ENUM(health_media_status, "health-media-status",
	VALUE("normal", HEALTH_MEDIA_NORMAL)
	VALUE("not-ready", HEALTH_MEDIA_NOT_READY)
	VALUE("write-persistency-lost", HEALTH_MEDIA_PERSISTENCY_LOST)
	VALUE("all-data-lost", HEALTH_MEDIA_DATA_LOST)
	VALUE("write-persistency-loss-at-power-loss", HEALTH_MEDIA_PERSISTENCY_LOSS_AT_POWER_LOSS)
	VALUE("write-persistency-loss-at-shutdown", HEALTH_MEDIA_PERSISTENCY_LOSS_AT_SHUTDOWN)
	VALUE("write-persistency-loss-imminent", HEALTH_MEDIA_PERSISTENCY_LOSS_IMMINENT)
	VALUE("all-data-loss-at-power-loss", HEALTH_MEDIA_DATA_LOSS_AT_POWER_LOSS)
	VALUE("all-data-loss-at-shutdown", HEALTH_MEDIA_DATA_LOSS_AT_SHUTDOWN)
	VALUE("all-data-loss-imminent", HEALTH_MEDIA_DATA_LOSS_IMMINENT))
ENUM(alert_level, "alert-level",
	VALUE("normal", ADDITIONAL_NORMAL)
	VALUE("warning", ADDITIONAL_WARNING)
	VALUE("critical", ADDITIONAL_CRITICAL))
ENUM(shutdown_reason, "shutdown-reason",
	VALUE("host-signal", 0)
	VALUE("host-qmp-quit", 1))
ENUM(uncorrectable, "uncorrectable-error-type",
	VALUE("cache-data-parity", SWCXL_UE_CACHE_DATA_PARITY)
	VALUE("cache-address-parity", SWCXL_UE_CACHE_ADDRESS_PARITY)
	VALUE("cache-be-parity", SWCXL_UE_CACHE_BE_PARITY)
	VALUE("cache-data-ecc", SWCXL_UE_CACHE_DATA_ECC)
	VALUE("mem-data-parity", SWCXL_UE_MEM_DATA_PARITY)
	VALUE("mem-address-parity", SWCXL_UE_MEM_ADDRESS_PARITY)
	VALUE("mem-be-parity", SWCXL_UE_MEM_BE_PARITY)
	VALUE("mem-data-ecc", SWCXL_UE_MEM_DATA_ECC)
	VALUE("reinit-threshold", SWCXL_UE_REINIT_THRESHOLD)
	VALUE("rsvd-encoding", SWCXL_UE_RSVD_ENCODING)
	VALUE("poison-received", SWCXL_UE_POISON_RECEIVED)
	VALUE("receiver-overflow", SWCXL_UE_RECEIVER_OVERFLOW)
	VALUE("internal", SWCXL_UE_INTERNAL)
	VALUE("cxl-ide-tx", SWCXL_UE_IDE_TX)
	VALUE("cxl-ide-rx", SWCXL_UE_IDE_RX))
ENUM(correctable, "correctable-error-type",
	VALUE("cache-data-ecc", SWCXL_CE_CACHE_DATA_ECC)
	VALUE("mem-data-ecc", SWCXL_CE_MEM_DATA_ECC)
	VALUE("crc-threshold", SWCXL_CE_CRC_THRESHOLD)
	VALUE("retry-threshold", SWCXL_CE_RETRY_THRESHOLD)
	VALUE("cache-poison-received", SWCXL_CE_CACHE_POISON_RECEIVED)
	VALUE("mem-poison-received", SWCXL_CE_MEM_POISON_RECEIVED)
	VALUE("physical", SWCXL_CE_PHYSICAL))
ENUM(aer, "aer-delivery", VALUE("not-delivered", 0))
/* Event records (8.2.10.2.1): "reserved" stands for what has no name. */
ENUM(record_type, "record-type",
	VALUE("general-media", 0)
	VALUE("dram", 1)
	VALUE("memory-module", 2)
	VALUE("memory-sparing", 3)
	VALUE("dynamic-capacity", 4)
	VALUE("vendor", 5))
ENUM(record_flags, "record-flags",
	VALUE("permanent-condition", 2)
	VALUE("maintenance-needed", 3)
	VALUE("performance-degraded", 4)
	VALUE("hardware-replacement-needed", 5)
	VALUE("maint-op-subclass-valid", 6)
	VALUE("ld-id-valid", 7)
	VALUE("head-id-valid", 8))
ENUM(media_descriptor, "media-descriptor",
	VALUE("uncorrectable-event", 0)
	VALUE("threshold-event", 1)
	VALUE("poison-list-overflow-event", 2))
ENUM(media_event_type, "media-event-type",
	VALUE("media-ecc-error", MEDIA_ECC_ERROR)
	VALUE("invalid-address", MEDIA_INVALID_ADDRESS)
	VALUE("data-path-error", MEDIA_DATA_PATH)
	VALUE("te-state-violation", MEDIA_TE_STATE)
	VALUE("scrub-media-ecc-error", MEDIA_SCRUB_ECC)
	VALUE("cme-counter-expiration", MEDIA_CME_EXPIRATION)
	VALUE("ckid-violation", MEDIA_CKID)
	VALUE("reserved", UINT_MAX))
ENUM(transaction_type, "transaction-type",
	VALUE("unknown", BY_UNKNOWN)
	VALUE("host-read", BY_HOST_READ)
	VALUE("host-write", BY_HOST_WRITE)
	VALUE("host-scan-media", BY_SCAN_MEDIA)
	VALUE("host-inject-poison", BY_INJECT_POISON)
	VALUE("media-patrol-scrub", BY_PATROL_SCRUB)
	VALUE("media-management", BY_MEDIA_MANAGEMENT)
	VALUE("internal-error-check-scrub", BY_INTERNAL_CHECK)
	VALUE("media-initialization", BY_MEDIA_INIT)
	VALUE("reserved", UINT_MAX))
ENUM(media_validity, "media-validity",
	VALUE("channel", 0)
	VALUE("rank", 1)
	VALUE("device", 2)
	VALUE("component-id", 3)
	VALUE("component-id-format", 4))
ENUM(media_sub_type, "media-sub-type",
	VALUE("not-reported", 0)
	VALUE("internal-datapath-error", 1)
	VALUE("media-link-command-training-error", 2)
	VALUE("media-link-control-training-error", 3)
	VALUE("media-link-data-training-error", 4)
	VALUE("media-link-crc-error", 5)
	VALUE("reserved", UINT_MAX))
ENUM(dram_event_type, "dram-event-type",
	VALUE("media-ecc-error", 0)
	VALUE("scrub-media-ecc-error", 1)
	VALUE("invalid-address", 2)
	VALUE("data-path-error", 3)
	VALUE("te-state-violation", 4)
	VALUE("cvme-counter-expiration", 5)
	VALUE("ckid-violation", 6)
	VALUE("reserved", UINT_MAX))
ENUM(dram_validity, "dram-validity",
	VALUE("channel", 0)
	VALUE("rank", 1)
	VALUE("nibble-mask", 2)
	VALUE("bank-group", 3)
	VALUE("bank", 4)
	VALUE("row", 5)
	VALUE("column", 6)
	VALUE("correction-mask", 7)
	VALUE("component-id", 8)
	VALUE("component-id-format", 9)
	VALUE("sub-channel", 10))
ENUM(module_event_type, "module-event-type",
	VALUE("health-status-change", 0)
	VALUE("media-status-change", 1)
	VALUE("life-used-change", 2)
	VALUE("temperature-change", 3)
	VALUE("data-path-error", 4)
	VALUE("lsa-error", 5)
	VALUE("sideband-bus-error", 6)
	VALUE("memory-media-fru-error", 7)
	VALUE("power-management-fault", 8)
	VALUE("reserved", UINT_MAX))
ENUM(module_validity, "module-validity",
	VALUE("component-id", 0)
	VALUE("component-id-format", 1))
ENUM(module_sub_type, "module-sub-type",
	VALUE("not-reported", 0)
	VALUE("invalid-configuration-data", 1)
	VALUE("unsupported-configuration-data", 2)
	VALUE("unsupported-fru", 3)
	VALUE("reserved", UINT_MAX))
ENUM(sparing_flags, "sparing-flags",
	VALUE("query-resources", 0)
	VALUE("hard-sparing", 1)
	VALUE("device-initiated", 2))
ENUM(sparing_result, "sparing-result",
	VALUE("success", 0)
	VALUE("resources-exhausted", 1)
	VALUE("general-failure", 255)
	VALUE("reserved", UINT_MAX))
ENUM(sparing_validity, "sparing-validity",
	VALUE("channel", 0)
	VALUE("rank", 1)
	VALUE("nibble-mask", 2)
	VALUE("bank-group", 3)
	VALUE("bank", 4)
	VALUE("row", 5)
	VALUE("column", 6)
	VALUE("component-id", 7)
	VALUE("component-id-format", 8)
	VALUE("sub-channel", 9))

/* ---- objects -------------------------------------------------------------------------------- */

OBJECT("empty", )
OBJECT("version-triple",
	MEMBER("micro", "int", "")
	MEMBER("minor", "int", "")
	MEMBER("major", "int", ""))
OBJECT("version",
	MEMBER("qemu", "version-triple", "the QEMU whose protocol this is")
	MEMBER("package", "str", "this program and its version"))
OBJECT("command", MEMBER("name", "str", ""))
OBJECT("status",
	MEMBER("status", "run-state", "")
	MEMBER("running", "bool", ""))
OBJECT("range",
	MEMBER("start", "int", "first byte")
	MEMBER("length", "int", "bytes; 0: absent"))
OBJECT("partitions",
	MEMBER("volatile", "range", "")
	MEMBER("persistent", "range", ""))
OBJECT("media",
	MEMBER("status", "media-status", "")
	MEMBER("poisoned-lines", "int", "known or not")
	MEMBER("injected-lines", "int", "what the inject limit counts")
	MEMBER("ranges", "int", "poisoned ranges held, of at most ranges-max")
	MEMBER("content-bytes", "int", "content held, of at most media-memory-max"))
OBJECT("security",
	MEMBER("user-set", "bool", "there is a user passphrase")
	MEMBER("master-set", "bool", "there is a master passphrase")
	MEMBER("locked", "bool", "persistent capacity is out of reach until an unlock")
	MEMBER("frozen", "bool", "nothing of this can be changed until a cold reset")
	MEMBER("user-attempts-exhausted", "bool", "three wrong passphrases: until a cold reset")
	MEMBER("master-attempts-exhausted", "bool", ""))
OBJECT("poison-list",
	MEMBER("count", "int", "records")
	MEMBER("max", "int", "records that fit")
	MEMBER("overflow", "bool", "")
	MEMBER("overflow-timestamp", "int", "by the device's clock; 0: none, or clock not set"))
OBJECT("scan",
	MEMBER("running", "bool", "")
	MEMBER("start", "int", "range of the running scan, or of the last one")
	MEMBER("length", "int", "")
	MEMBER("position", "int", "first address not yet scanned")
	MEMBER("percent", "int", ""))
OBJECT("scrub",
	MEMBER("enabled", "bool", "the patrol scrub is on its way")
	MEMBER("cycle-hours", "int", "in which it passes all capacity")
	MEMBER("position", "int", "first address not yet passed; then it goes round"))
OBJECT("spares",
	MEMBER("sppr", "int", "rows, until the power goes")
	MEMBER("hppr", "int", "rows, for ever")
	MEMBER("cacheline", "int", "")
	MEMBER("row", "int", "")
	MEMBER("bank", "int", "")
	MEMBER("rank", "int", ""))
OBJECT("repair",
	MEMBER("permanent-lines", "int", "known, and not to be cleared before they are repaired")
	MEMBER("spares", "spares", "what is left to repair with"))
OBJECT("geometry",
	MEMBER("channels", "int", "")
	MEMBER("ranks", "int", "in a channel")
	MEMBER("bank-groups", "int", "in a rank")
	MEMBER("banks", "int", "in a bank group")
	MEMBER("rows", "int", "in a bank")
	MEMBER("columns", "int", "lines of 64 bytes in a row"))
OBJECT("background",
	MEMBER("opcode", "int", "of the running operation, or of the last one; 0: none yet")
	MEMBER("percent", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("running", "bool", ""))
OBJECT("health",
	MEMBER("health-status", "[health-status]", "")
	MEMBER("media-status", "health-media-status", "")
	MEMBER("life-used", "int", "percent; 255: not known")
	MEMBER("life-used-level", "alert-level", "by the alerts' thresholds")
	MEMBER("temperature", "int", "degrees Celsius; 32767: not known")
	MEMBER("temperature-level", "alert-level", "")
	MEMBER("dirty-shutdown-count", "int", "")
	MEMBER("corrected-volatile-error-count", "int", "since the last conventional reset")
	MEMBER("corrected-volatile-level", "alert-level", "normal or warning")
	MEMBER("corrected-persistent-error-count", "int", "likewise")
	MEMBER("corrected-persistent-level", "alert-level", "")
	MEMBER("shutdown-dirty", "bool", "the shutdown state: dirty counts at the next conventional reset"))
OBJECT("log-state",
	MEMBER("count", "int", "records")
	MEMBER("max", "int", "records that fit")
	MEMBER("overflow", "bool", "")
	MEMBER("lost", "int", "records dropped since the overflow; stops at 65535")
	MEMBER("first-lost", "int", "when, by the device's clock")
	MEMBER("last-lost", "int", ""))
OBJECT("logs",
	MEMBER("informational", "log-state", "")
	MEMBER("warning", "log-state", "")
	MEMBER("failure", "log-state", "")
	MEMBER("fatal", "log-state", "")
	MEMBER("dynamic-capacity", "log-state", ""))
OBJECT("firmware-slot",
	MEMBER("slot", "int", "from 1")
	MEMBER("revision", "str", "empty: so is the slot")
	MEMBER("crc32", "int", "of the package, as zlib computes it; 0: none was ever transferred")
	MEMBER("size", "int", "of the package in bytes"))
OBJECT("firmware",
	MEMBER("active", "int", "slot")
	MEMBER("staged", "int", "slot that the next reset activates; 0: none")
	MEMBER("transferring", "bool", "a package arrives in parts")
	MEMBER("slots", "[firmware-slot]", ""))
OBJECT("device",
	MEMBER("name", "str", "")
	MEMBER("version", "str", "of the program")
	MEMBER("trace", "str", "the file of --trace; empty without")
	MEMBER("serial", "str", "0x and 16 digits")
	MEMBER("cxl-revision", "revision", "")
	MEMBER("now", "int", "time since the device was made")
	MEMBER("timestamp", "int", "the device's clock, since 1970; 0: not set")
	MEMBER("capacity", "int", "bytes, all regions of dynamic capacity among them")
	MEMBER("partitions", "partitions", "")
	MEMBER("dynamic-capacity", "dynamic-capacity", "empty lists and zeros without any")
	MEMBER("config", "config", "the options that make the device, by their names in swcxl(1)")
	MEMBER("media", "media", "")
	MEMBER("security", "security", "")
	MEMBER("poison-list", "poison-list", "")
	MEMBER("scan", "scan", "")
	MEMBER("scan-results", "int", "records that the last scan has found")
	MEMBER("scrub", "scrub", "")
	MEMBER("repair", "repair", "")
	MEMBER("geometry", "geometry", "of the DRAM")
	MEMBER("background", "background", "of any channel")
	MEMBER("health", "health", "as Get Health Info shows it")
	MEMBER("logs", "logs", "")
	MEMBER("firmware", "firmware", ""))
OBJECT("state",
	MEMBER("swcxl-state", "int", "of the format: 1")
	MEMBER("device", "any", "the capacities that a device must have to take it, and the serial number, which it need not")
	MEMBER("records", "[any]", "see swcxlctl(1)")
	MEMBER("generation", "int", "goes up whenever the device changes")
	MEMBER("next", "str", "where the next part begins; empty: this was the last"))
OBJECT("poison-row",
	MEMBER("start", "int", "")
	MEMBER("length", "int", "")
	MEMBER("source", "source", "")
	MEMBER("known", "bool", "the device knows of it")
	MEMBER("listed", "bool", "it is in the poison list")
	MEMBER("permanent", "bool", "it cannot be cleared"))
OBJECT("map-cell",
	MEMBER("start", "int", "first byte")
	MEMBER("ranges", "int", "that touch it")
	MEMBER("lines", "int", "that are poisoned")
	MEMBER("latent", "int", "of them: those that the device does not know of")
	MEMBER("listed", "int", "those in the poison list")
	MEMBER("permanent", "int", "those that cannot be cleared")
	MEMBER("injected", "int", "those of that source"))
OBJECT("map",
	MEMBER("next", "int", "first byte that was not looked at: the end of the range, unless there is more")
	MEMBER("ranges", "int", "that were looked at")
	MEMBER("cells", "[map-cell]", "those that have any, by address"))
OBJECT("data", MEMBER("data", "str", "hexadecimal digits"))
OBJECT("errors-injected",
	MEMBER("recorded", "int", "errors that the registers show; the others are masked there")
	MEMBER("aer", "aer-delivery",
		"what became of the message to the root port: vfio-user has none to carry it"))
OBJECT("cci-result",
	MEMBER("return-code", "int", "")
	MEMBER("payload", "str", "hexadecimal digits"))
OBJECT("now", MEMBER("now", "int", "the new time"))
OBJECT("event-record",
	MEMBER("uuid", "str", "what kind of record this is")
	MEMBER("type", "record-type",
		"its name; unless it is vendor, the members of the object record-NAME follow")
	MEMBER("length", "int", "valid bytes")
	MEMBER("severity", "log", "")
	MEMBER("flags", "[record-flags]", "")
	MEMBER("handle", "int", "")
	MEMBER("related-handle", "int", "0: none")
	MEMBER("timestamp", "int", "by the device's clock; 0: clock not set")
	MEMBER("maint-op-class", "int", "")
	MEMBER("maint-op-subclass", "int", "")
	MEMBER("ld-id", "int", "")
	MEMBER("head-id", "int", "")
	MEMBER("data", "str", "the whole record, hexadecimal digits"))
OBJECT("fault-state",
	MEMBER("fault", "fault", "")
	MEMBER("opcode", "int", "0 with states of the device")
	MEMBER("value", "int", "")
	MEMBER("count", "int", "times that it is still to happen; 0: until cleared")
	MEMBER("hits", "int", "times that it has happened"))
OBJECT("cci-counter",
	MEMBER("opcode", "int", "")
	MEMBER("name", "str", "")
	MEMBER("count", "int", "")
	MEMBER("errors", "int", "return codes other than Success and Background Command Started"))
OBJECT("channel-counter",
	MEMBER("channel", "str", "")
	MEMBER("count", "int", "")
	MEMBER("errors", "int", ""))
OBJECT("return-code-counter",
	MEMBER("return-code", "int", "")
	MEMBER("name", "str", "")
	MEMBER("count", "int", ""))
OBJECT("qmp-command-counter",
	MEMBER("name", "str", "")
	MEMBER("count", "int", "")
	MEMBER("errors", "int", ""))
OBJECT("qmp-counters",
	MEMBER("clients", "int", "connected now")
	MEMBER("connections", "int", "accepted so far")
	MEMBER("refused", "int", "closed at once: too many clients")
	MEMBER("requests", "int", "")
	MEMBER("errors", "int", "error replies, to malformed input as well")
	MEMBER("events", "int", "queued for clients")
	MEMBER("events-dropped", "int", "not queued, because the client does not read")
	MEMBER("commands", "[qmp-command-counter]", "those that have run"))
OBJECT("vfio-user-counters",
	MEMBER("connections", "int", "")
	MEMBER("refused", "int", "")
	MEMBER("messages", "int", "")
	MEMBER("replies", "int", "")
	MEMBER("errors", "int", "")
	MEMBER("region-reads", "int", "")
	MEMBER("region-writes", "int", "")
	MEMBER("doorbells", "int", "that rang in mapped registers")
	MEMBER("interrupts", "int", ""))
OBJECT("state-counters",
	MEMBER("changes", "int", "of what is durable")
	MEMBER("commits", "int", "that made them so: the fewer, the more changes shared each")
	MEMBER("failures", "int", "commits that could not be written")
	MEMBER("pauses", "int", "times that clients had to wait because changes came too fast"))
OBJECT("stats",
	MEMBER("cci", "[cci-counter]", "commands of the command interface that have run")
	MEMBER("cci-unknown", "int", "opcodes that the device does not know")
	MEMBER("channels", "[channel-counter]", "the same by channel")
	MEMBER("return-codes", "[return-code-counter]", "the same by return code")
	MEMBER("qmp", "qmp-counters", "this front end")
	MEMBER("vfio-user", "vfio-user-counters", "zeros without that front end")
	MEMBER("state", "state-counters", "zeros without a state file"))
OBJECT("background-completed",
	MEMBER("opcode", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("percent", "int", "less than 100: aborted"))
OBJECT("log-record",
	MEMBER("log", "event-log", "")
	MEMBER("handle", "int", "of the record")
	MEMBER("type", "str", "UUID of the record"))
OBJECT("shutdown",
	MEMBER("guest", "bool", "always false")
	MEMBER("reason", "shutdown-reason", "host-qmp-quit after quit, else host-signal"))

/* ---- events --------------------------------------------------------------------------------- */

EVENT("SWCXL_POISON_LIST_OVERFLOW", "empty",
	"The poison list has overflowed.")
EVENT("SWCXL_BACKGROUND_COMPLETED", "background-completed",
	"A background operation has ended, on whatever channel it was started.")
EVENT("SWCXL_EVENT_RECORD", "log-record",
	"An event log went from empty to not empty.")
EVENT("SWCXL_DC_EXTENT", "dc-extent-changed",
	"What became of an extent of dynamic capacity, or of a part of it: what a fabric manager hears.")
EVENT("SHUTDOWN", "shutdown",
	"The process ends.")

/* ---- commands: as QEMU has them ------------------------------------------------------------- */

COMMAND(qmp_capabilities, "qmp_capabilities", "empty", "0.1", 0,
	"Ends negotiation: the first command of every connection.",
	ARG_LIST(enable, "enable", capability, "capabilities to enable; none is offered"))
COMMAND(query_version, "query-version", "version", "0.1", 0,
	"The version of the protocol and of the program.", )
COMMAND(query_commands, "query-commands", "[command]", "0.1", 0,
	"The names of all commands.", )
COMMAND(query_status, "query-status", "status", "0.1", 0,
	"Always running.", )
COMMAND(query_qmp_schema, "query-qmp-schema", "[any]", "0.1", 0,
	"Commands, events and all their types, as QEMU's SchemaInfo.", )
COMMAND(quit, "quit", "empty", "0.1", 0,
	"Ends the process with status 0.", )
COMMAND(cxl_inject_poison, "cxl-inject-poison", "empty", "0.1", EFFECT,
	"Poisons a range that the device then knows of, with source internal.",
	ARG_STR(path, "path", REQUIRED, "the device's name, or a path that ends in it")
	ARG_UINT(start, "start", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "first byte; a multiple of 64")
	ARG_UINT(length, "length", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "bytes; a multiple of 64"))

/* What the event injectors have in common. */
#define EVENT_ARGS \
	ARG_STR(path, "path", REQUIRED, "the device's name, or a path that ends in it") \
	ARG_ENUM(log, "log", log, REQUIRED, 0, "and with it the severity") \
	ARG_UINT(flags, "flags", uint32_t, REQUIRED, 0, 0, 0xffffff, "of the record; the two bits of the severity do not count") \
	ARG_UINT(maint_op_class, "maint-op-class", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.0 on") \
	ARG_UINT(maint_op_subclass, "maint-op-subclass", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.1 on") \
	ARG_UINT(ld_id, "ld-id", uint16_t, OPTIONAL, 0, 0, UINT16_MAX, "from 3.2 on") \
	ARG_UINT(head_id, "head-id", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.2 on")
#define MEDIA_ARGS \
	ARG_UINT(dpa, "dpa", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "address; bit 0: it is volatile, bit 1: not repairable") \
	ARG_UINT(descriptor, "descriptor", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "") \
	ARG_UINT(type, "type", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "memory event type") \
	ARG_UINT(transaction_type, "transaction-type", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "") \
	ARG_UINT(channel, "channel", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "") \
	ARG_UINT(rank, "rank", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "")
#define COMPONENT_ARGS(since) \
	ARG_STR(component_id, "component-id", OPTIONAL, "its first 16 bytes" since) \
	ARG_BOOL(is_comp_id_pldm, "is-comp-id-pldm", OPTIONAL, false, "the component-id is one of PLDM; from 3.1 on")
#define SUB_TYPE_ARG \
	ARG_UINT(sub_type, "sub-type", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.1 on; default: 0")

COMMAND(cxl_inject_general_media_event, "cxl-inject-general-media-event", "empty", "0.1", EFFECT,
	"Adds a General Media record to a log. What is given is valid, as far as the device's CXL revision knows it.",
	EVENT_ARGS
	MEDIA_ARGS
	ARG_UINT(device, "device", uint32_t, OPTIONAL, 0, 0, 0xffffff, "mask")
	COMPONENT_ARGS("")
	ARG_UINT(cme_ev_flags, "cme-ev-flags", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.1 on")
	ARG_UINT(cme_count, "cme-count", uint32_t, OPTIONAL, 0, 0, 0xffffff, "from 3.1 on")
	SUB_TYPE_ARG)
COMMAND(cxl_inject_dram_event, "cxl-inject-dram-event", "empty", "0.1", EFFECT,
	"Adds a DRAM record to a log, likewise.",
	EVENT_ARGS
	MEDIA_ARGS
	ARG_UINT(nibble_mask, "nibble-mask", uint32_t, OPTIONAL, 0, 0, 0xffffff, "")
	ARG_UINT(bank_group, "bank-group", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "")
	ARG_UINT(bank, "bank", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "")
	ARG_UINT(row, "row", uint32_t, OPTIONAL, 0, 0, 0xffffff, "")
	ARG_UINT(column, "column", uint16_t, OPTIONAL, 0, 0, UINT16_MAX, "")
	ARG_WORDS(correction_mask, "correction-mask", uint64_t, OPTIONAL, "the first four count")
	COMPONENT_ARGS("; from 3.1 on")
	ARG_UINT(sub_channel, "sub-channel", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.1 on")
	ARG_UINT(cme_ev_flags, "cme-ev-flags", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "from 3.1 on")
	ARG_UINT(cvme_count, "cvme-count", uint32_t, OPTIONAL, 0, 0, 0xffffff, "from 3.1 on")
	SUB_TYPE_ARG)
COMMAND(cxl_inject_memory_module_event, "cxl-inject-memory-module-event", "empty", "0.1", EFFECT,
	"Adds a Memory Module record to a log, likewise.",
	EVENT_ARGS
	ARG_UINT(type, "type", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "device event type")
	ARG_UINT(health_status, "health-status", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "")
	ARG_UINT(media_status, "media-status", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "")
	ARG_UINT(additional_status, "additional-status", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "")
	ARG_UINT(life_used, "life-used", uint8_t, REQUIRED, 0, 0, UINT8_MAX, "percent")
	ARG_INT(temperature, "temperature", int16_t, REQUIRED, "degrees Celsius")
	ARG_UINT(dirty_shutdown_count, "dirty-shutdown-count", uint32_t, REQUIRED, 0, 0, UINT32_MAX, "")
	ARG_UINT(corrected_volatile, "corrected-volatile-error-count", uint32_t, REQUIRED, 0, 0, UINT32_MAX, "")
	ARG_UINT(corrected_persistent, "corrected-persistent-error-count", uint32_t, REQUIRED, 0, 0, UINT32_MAX, "")
	COMPONENT_ARGS("; from 3.1 on")
	SUB_TYPE_ARG)

ITEM(uncorrectable_error, "uncorrectable-error",
	ARG_ENUM(type, "type", uncorrectable, REQUIRED, 0, "")
	ARG_WORDS(header, "header", uint32_t, REQUIRED,
		"for the header log: 32 at most, of which the registers hold 16"))
COMMAND(cxl_inject_uncorrectable_errors, "cxl-inject-uncorrectable-errors", "errors-injected", "0.1", EFFECT | NOT_KEPT,
	"Protocol errors, in this order, in the RAS and AER registers. Those that the host masks, all of them after a reset, are dropped.",
	ARG_STR(path, "path", REQUIRED, "the device's name, or a path that ends in it")
	ARG_ITEMS(errors, "errors", uncorrectable_error, ""))
COMMAND(cxl_inject_correctable_error, "cxl-inject-correctable-error", "errors-injected", "0.1", EFFECT | NOT_KEPT,
	"Likewise, a corrected one.",
	ARG_STR(path, "path", REQUIRED, "the device's name, or a path that ends in it")
	ARG_ENUM(type, "type", correctable, REQUIRED, 0, ""))

#include "tbl/qmp_capacity.tbl.h"

/* ---- commands: our own ---------------------------------------------------------------------- */

COMMAND(query_device, "swcxl-query-device", "device", "0.1", 0,
	"What the device is and does.", )
COMMAND(plant_poison, "swcxl-plant-poison", "empty", "0.1", EFFECT,
	"Poisons a range of the media, or many, whether or not the poison list has room. Either start and length are "
	"given or ranges.",
	ARG_UINT(start, "start", uint64_t, OPTIONAL, 0, 0, UINT64_MAX, "first byte; a multiple of 64")
	ARG_UINT(length, "length", uint64_t, OPTIONAL, 0, 0, UINT64_MAX, "bytes; a multiple of 64")
	ARG_RANGES(ranges, "ranges",
		"each [start, length]; planted in the order of their addresses, as if by a command each, or not at all "
		"if one is refused. 21840 of them fit in a request whatever else it says")
	ARG_ENUM(source, "source", source, OPTIONAL, SWCXL_SOURCE_INTERNAL, "default: internal")
	ARG_BOOL(known, "known", OPTIONAL, true,
		"false plants a latent error, which only a scan, a scrub or a read finds; default: true")
	ARG_BOOL(permanent, "permanent", OPTIONAL, false, "true: it cannot be cleared; default: false"))
COMMAND(query_poison, "swcxl-query-poison", "[poison-row]", "0.1", 0,
	"The poison that the media really has, sorted by address, of every line that the range touches.",
	ARG_UINT(start, "start", uint64_t, OPTIONAL, 0, 0, UINT64_MAX, "first byte; default: 0")
	ARG_UINT(length, "length", uint64_t, OPTIONAL, 0, 0, UINT64_MAX,
		"bytes; default: to the end of the device")
	ARG_UINT(max, "max", uint64_t, OPTIONAL, 0, 1, UINT64_MAX,
		"rows at most, but never more than 65536: go on from the end of the last row until there "
		"is none; default: all, and more than 65536 of them are an error"))
COMMAND(query_map, "swcxl-query-map", "map", "0.1", 0,
	"The same as a picture: the address space in cells of equal size, which begin at multiples of it, and what lies in each. "
	"For those who draw it, since millions of ranges come to no more than the cells. "
	"An answer looks at 16384 ranges at most: go on from next, and add up what it says of the same cell.",
	ARG_UINT(cell, "cell", uint64_t, REQUIRED, 0, 64, UINT64_MAX, "bytes of a cell, a multiple of 64")
	ARG_UINT(start, "start", uint64_t, OPTIONAL, 0, 0, UINT64_MAX, "first byte; default: 0")
	ARG_UINT(length, "length", uint64_t, OPTIONAL, 0, 0, UINT64_MAX,
		"bytes; default: to the end of the device. A range touches 4096 cells at most"))
COMMAND(set_health, "swcxl-set-health", "empty", "0.1", EFFECT,
	"Changes what the device measures of itself; what is left out stays. Events follow for each bit of the "
	"health status that becomes set, for the media status when it changes, and for thresholds that are crossed.",
	ARG_LIST(health_status, "health-status", health_status,
		"bits that are set whatever the device finds; those that it finds by itself are set as well")
	ARG_ENUM(media_status, "media-status", health_media_status, OPTIONAL, 0, "shown while the media are ready")
	ARG_UINT(life_used, "life-used", uint8_t, OPTIONAL, 0, 0, UINT8_MAX, "percent; 255: not known")
	ARG_INT(temperature, "temperature", int16_t, OPTIONAL, "degrees Celsius; 32767: not known")
	ARG_UINT(corrected_volatile, "corrected-volatile-error-count", uint32_t, OPTIONAL, 0, 0, UINT32_MAX,
		"corrected errors of volatile capacity since the last conventional reset")
	ARG_UINT(corrected_persistent, "corrected-persistent-error-count", uint32_t, OPTIONAL, 0, 0, UINT32_MAX,
		"and of persistent capacity"))
COMMAND(read_media, "swcxl-read-media", "data", "0.1", EFFECT,
	"Reads content, as a host does. The device finds the latent errors in the range. Dynamic capacity that the host does not have reads as ones. Disabled media and locked capacity give bytes that mean nothing.",
	ARG_UINT(start, "start", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "first byte")
	ARG_UINT(length, "length", uint64_t, REQUIRED, 0, 1, QMP_MEDIA_BYTES_MAX, "bytes"))
COMMAND(write_media, "swcxl-write-media", "empty", "0.1", EFFECT,
	"Writes content, as a host does. A line that is written as a whole loses its poison unless that is permanent. Writes to dynamic capacity that the host does not have, or that is read-only, are dropped. Disabled media and locked capacity swallow writes.",
	ARG_UINT(start, "start", uint64_t, REQUIRED, 0, 0, UINT64_MAX, "first byte")
	ARG_HEX(data, "data", REQUIRED, 1, QMP_MEDIA_BYTES_MAX, "hexadecimal digits"))
COMMAND(cci, "swcxl-cci", "cci-result", "0.1", 0,
	"Executes a command of the command interface, on a channel of this connection's own.",
	ARG_UINT(opcode, "opcode", uint16_t, REQUIRED, 0, 0, UINT16_MAX, "")
	ARG_HEX(payload, "payload", OPTIONAL, 0, QMP_REQUEST_MAX, "hexadecimal digits; default: none"))
COMMAND(query_events, "swcxl-query-events", "[event-record]", "0.1", 0,
	"The records of an event log, oldest first, without clearing them.",
	ARG_ENUM(log, "log", event_log, REQUIRED, 0, "")
	ARG_UINT(max, "max", uint64_t, OPTIONAL, 0, 1, UINT64_MAX, "only the newest, so many; default: all"))
COMMAND(inject_event, "swcxl-inject-event", "empty", "0.1", EFFECT,
	"Adds records to a log, of any type and with any of their fields.",
	ARG_ENUM(log, "log", event_log, REQUIRED, 0, "and with it the severity")
	ARG_STR(type, "type", REQUIRED, "general-media, dram, memory-module, memory-sparing, dynamic-capacity or a UUID")
	ARG_OBJECT(fields, "fields",
		"members of an event-record. What is left out is 0 and not valid; what is given is valid, unless "
		"flags or validity is given and says otherwise. Codes and bits are names or a number. The members "
		"uuid, type, length, severity, handle, timestamp and data may be there, and are ignored; "
		"so is what the device's CXL revision does not know.")
	ARG_HEX(data, "data", OPTIONAL, 0, QMP_EVENT_BYTES_MAX, "with a UUID: what follows the header; hexadecimal digits")
	ARG_UINT(count, "count", uint64_t, OPTIONAL, 1, 1, QMP_STORM_MAX, "so many records; default: 1"))
COMMAND(add_dc_reference, "swcxl-add-dc-reference", "empty", "0.1", EFFECT,
	"Keeps the capacity of a tag in sharable regions allocated when the host has released it: a fabric manager's reference.",
	ARG_STR(tag, "tag", REQUIRED, "as with cxl-add-dynamic-capacity"))
COMMAND(remove_dc_reference, "swcxl-remove-dc-reference", "empty", "0.1", EFFECT,
	"Ends that. What no host has is free then.",
	ARG_STR(tag, "tag", REQUIRED, "likewise"))
COMMAND(export_state, "swcxl-export-state", "state", "0.1", 0,
	"All that the device has: settings, poison, the poison list, content, labels, extents, events. In parts: go on with next until that is empty, and begin anew when generation has changed.",
	ARG_STR(next, "next", OPTIONAL, "what the part before has returned")
	ARG_BOOL(secrets, "secrets", OPTIONAL, false, "passphrases too"))
COMMAND(import_state, "swcxl-import-state", "empty", "0.1", EFFECT,
	"The device loses its power and comes back with this state, volatile capacity included: all of it, or an error, and then nothing has happened.",
	ARG_OBJECT(state, "state", "as swcxl-export-state returns it, or a part of it; without, what came on this connection is dropped")
	ARG_BOOL(more, "more", OPTIONAL, false, "the rest follows on this connection; nothing happens yet. When no part comes for five seconds, another connection may begin an import, and this one is over"))
COMMAND(clock_step, "swcxl-clock-step", "now", "0.1", EFFECT | TIME,
	"Moves virtual time on, and replies when everything due until then has happened.",
	ARG_UINT(nanoseconds, "nanoseconds", uint64_t, REQUIRED, 0, 0, INT64_MAX, ""))
COMMAND(reset, "swcxl-reset", "empty", "0.1", EFFECT,
	"Resets the device: a conventional reset, a cold one (power was lost), a CXL Reset, which keeps more, or a Function Level Reset, which keeps all that belongs to CXL.",
	ARG_ENUM(type, "type", reset, REQUIRED, 0, ""))
COMMAND(fault, "swcxl-fault", "empty", "0.1", EFFECT | NOT_KEPT,
	"Makes something go wrong: a command (return-code, delay, hang, short-reply, stuck-background), or the device as a whole.",
	ARG_ENUM(fault, "fault", fault, REQUIRED, 0,
		"return-code: the command is not executed, and answers value. delay: the doorbell stays set for value ns. "
		"hang: the doorbell stays set until a reset. short-reply: no more than value bytes of output. "
		"stuck-background: the background operation that the command starts never ends by itself. "
		"delay and hang are about mailboxes; swcxl-cci has no doorbell. The others are states that last: "
		"media-not-ready and media-error are the media status, with Retry Required and Internal Error; "
		"with mailbox-not-ready the mailboxes answer Retry Required; fatal; "
		"with firmware-halt no doorbell is answered and nothing goes on. A cold reset ends the last two, "
		"no other reset ends any fault")
	ARG_UINT(opcode, "opcode", uint16_t, OPTIONAL, 0, 0, UINT16_MAX, "of the command; not with states")
	ARG_UINT(value, "value", uint64_t, OPTIONAL, 0, 0, UINT64_MAX, "with return-code, delay and short-reply")
	ARG_UINT(count, "count", uint64_t, OPTIONAL, 1, 0, UINT64_MAX, "times that it happens; 0: until cleared; default: 1; not with states"))
COMMAND(query_faults, "swcxl-query-faults", "[fault-state]", "0.1", 0,
	"The faults that wait or last, in the order in which they were asked for.", )
COMMAND(clear_faults, "swcxl-clear-faults", "empty", "0.1", EFFECT | NOT_KEPT,
	"Ends all faults: replies that hang are given, and what is stuck goes on.", )
COMMAND(query_stats, "swcxl-query-stats", "stats", "0.1", 0,
	"Counters since the start of the process.", )

/* clang-format on */
#undef ENUM
#undef OBJECT
#undef EVENT
#undef ITEM
#undef COMMAND
#undef EVENT_ARGS
#undef MEDIA_ARGS
#undef COMPONENT_ARGS
#undef SUB_TYPE_ARG
