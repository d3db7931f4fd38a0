/* SPDX-License-Identifier: MIT */
/*
 * What --json prints. From these rows tools/json-schemas makes docs/json/swcxlctl.schema.json, and
 * tests hold both the output and swcxlctl(1) against that. No code includes them. Rows only.
 *
 *   DOCUMENT("command", "type", "when", "help")  one for each form that a command's document has
 *   OBJECT("name", members...)                 MEMBER("key", "type", "help")
 *                                              MAYBE(the same): a member that can be missing
 *   FIELDS("name", "help")                     in OBJECT event: those of every record type
 *
 * Types are spelled as in tbl/qmp.tbl.h: int, str, bool, any, an OBJECT of this file or, failing
 * that, an enum or object of the control protocol; [name] is an array, and name? may be null.
 */
/* clang-format off */
DOCUMENT("status", "status", "", "The device at a glance.")
DOCUMENT("plant", "planted", "", "What was planted.")
DOCUMENT("inject", "injected", "", "How much was poisoned.")
DOCUMENT("clear", "cleared", "", "How much was written.")
DOCUMENT("poison list", "poison-list", "", "The device's list.")
DOCUMENT("poison list", "poison-media", "--media", "What is true of the media.")
DOCUMENT("map", "map", "", "The address space in 256 cells.")
DOCUMENT("scan", "scan", "", "A scan that has ended, and what it found.")
DOCUMENT("scan", "scan-started", "--no-wait", "A scan that was started.")
DOCUMENT("scan results", "scan-results", "", "What the last scan found.")
DOCUMENT("abort", "aborted", "", "The operation that was to be stopped.")
DOCUMENT("wait", "waited-scan", "scan", "How the scan ended.")
DOCUMENT("wait", "waited-overflow", "overflow", "The list is in overflow.")
DOCUMENT("wait", "waited-event", "event", "A log has a record.")
DOCUMENT("events", "events", "", "The event logs.")
DOCUMENT("events", "event", "--follow", "One record, on a line of its own.")
DOCUMENT("dc config", "dc-config", "", "The regions of dynamic capacity.")
DOCUMENT("dc extents", "dc-extents", "", "What the host has, and what waits for its answer.")
DOCUMENT("dc respond", "dc-offer", "no arguments", "The oldest offer.")
DOCUMENT("dc respond", "dc-responded", "", "How an offer was answered.")
DOCUMENT("dc release", "dc-requests", "no arguments", "What is asked for.")
DOCUMENT("dc release", "dc-released", "", "What was given back.")
DOCUMENT("dc add", "dc-offered", "", "What the host was offered.")
DOCUMENT("dc reclaim", "dc-reclaimed", "", "What was taken, or is asked for.")
DOCUMENT("log", "[log-info]", "no arguments", "The logs that there are.")
DOCUMENT("log", "[effect]", "command-effects", "The commands, and what each changes.")
DOCUMENT("log", "log-text", "another log", "What a log says.")
DOCUMENT("log", "component-state-dump", "component-state-dump", "What a dump says.")
DOCUMENT("log", "log-done", "clear or populate", "What was done to a log.")
DOCUMENT("cci", "answer", "", "The answer to a command.")
DOCUMENT("health", "health-and-alerts", "", "The device's health.")
DOCUMENT("clock step", "clock-state", "", "The time after the step.")
DOCUMENT("fault", "[fault-state]", "no arguments", "What is to go wrong.")
DOCUMENT("fault", "fault-done", "", "What was asked for.")
DOCUMENT("bench", "bench", "", "How long commands took.")
DOCUMENT("state export", "state", "", "All that the device has.")
DOCUMENT("state import", "state-imported", "", "What was taken over.")
DOCUMENT("trace", "trace-line", "", "One line of the trace, on a line of its own.")
DOCUMENT("reset", "reset-done", "", "The reset that was done.")
DOCUMENT("", "failure", "any command that fails", "Why; scan, wait scan, abort and cci report how a "
	"command ended in their own document instead.")

OBJECT("failure",
	MEMBER("error", "failure-error", ""))
OBJECT("failure-error",
	MEMBER("status", "int", "the exit status: 1, 2 or 3")
	MEMBER("text", "str", "what stands on standard error; its words may change")
	MAYBE("return-code", "int", "of the command, when it is that which the device refused")
	MAYBE("return-code-name", "str", ""))

/* ---- parts ---------------------------------------------------------------------------------- */

OBJECT("range",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes"))
OBJECT("record",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("source", "str", "unknown, external, internal, injected, vendor or reserved"))
OBJECT("media-row",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("source", "source", "")
	MEMBER("known", "bool", "the device knows of it")
	MEMBER("listed", "bool", "it is in the poison list")
	MEMBER("permanent", "bool", "it cannot be cleared"))
OBJECT("planted-row",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("source", "source", "")
	MEMBER("known", "bool", "false: latent")
	MEMBER("permanent", "bool", ""))
OBJECT("extent",
	MEMBER("region", "int", "")
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("tag", "str", "hexadecimal digits")
	MEMBER("shared-sequence", "int", ""))
OBJECT("record-extent",
	MEMBER("region", "int", "")
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("tag", "str", "hexadecimal digits")
	MEMBER("shared-sequence", "int", "")
	MEMBER("handle", "int", "of the event record"))
OBJECT("group",
	MEMBER("type", "dc-event-type", "")
	MEMBER("waits", "bool", "for the host's answer")
	MEMBER("complete", "bool", "its last record could be read")
	MEMBER("extents", "[record-extent]", ""))

/* ---- documents ------------------------------------------------------------------------------ */

OBJECT("status",
	MEMBER("transport", "str", "qmp or pci")
	MEMBER("firmware", "str", "revision")
	MEMBER("capacity", "int", "bytes; addresses end there")
	MEMBER("volatile", "int", "bytes")
	MEMBER("persistent", "int", "bytes")
	MEMBER("dynamic-capacity", "status-capacity?", "null: the device has none")
	MEMBER("lsa", "int", "bytes of the label storage area")
	MEMBER("timestamp", "int", "the device's clock in nanoseconds; 0: not set")
	MEMBER("inject-limit", "int", "lines; 0: none")
	MEMBER("injected-persists", "bool", "injected poison survives resets")
	MEMBER("poison-list", "status-list", "")
	MEMBER("background", "status-background", "")
	MEMBER("logs", "status-logs", "")
	MEMBER("device", "device?", "what swcxl-query-device returns; null over --pci"))
OBJECT("status-capacity",
	MEMBER("regions", "int", "")
	MEMBER("capacity", "int", "bytes of all regions")
	MEMBER("allocated", "int", "bytes that the host has")
	MEMBER("extents", "int", "in which it has them")
	MEMBER("offers", "int", "that wait for an answer")
	MEMBER("requests", "int", "to release that wait")
	MEMBER("forced", "int", "notices of what was taken by force")
	MEMBER("more", "bool", "the log has more than could be read"))
OBJECT("status-list",
	MEMBER("count", "int", "records")
	MEMBER("max", "int", "records that there is room for")
	MEMBER("overflow", "bool", "")
	MEMBER("overflow-timestamp", "int", "nanoseconds; 0: none, or the clock was not set")
	MEMBER("scan-in-progress", "bool", ""))
OBJECT("status-background",
	MEMBER("opcode", "int", "of the running or the last operation; 0: none since the last reset")
	MEMBER("percent", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("running", "bool", ""))
OBJECT("status-logs",
	MAYBE("informational", "status-log", "")
	MAYBE("warning", "status-log", "")
	MAYBE("failure", "status-log", "")
	MAYBE("fatal", "status-log", "")
	MAYBE("dynamic-capacity", "status-log", ""))
OBJECT("status-log",
	MEMBER("count", "int", "records")
	MEMBER("max", "int", "")
	MEMBER("more", "bool", "there are more than could be read")
	MEMBER("overflow", "bool", "")
	MEMBER("lost", "int", "records"))
OBJECT("planted",
	MEMBER("planted", "[planted-row]", ""))
OBJECT("injected",
	MEMBER("injected", "int", "lines"))
OBJECT("cleared",
	MEMBER("cleared", "int", "lines"))
OBJECT("poison-list",
	MEMBER("overflow", "bool", "")
	MEMBER("overflow-timestamp", "int", "nanoseconds")
	MEMBER("scan-in-progress", "bool", "")
	MEMBER("complete", "bool", "false: errors can be missing")
	MEMBER("records", "[record]", ""))
OBJECT("poison-media",
	MEMBER("rows", "[media-row]", ""))
OBJECT("map",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("cell", "int", "bytes of a cell")
	MEMBER("overflow", "bool", "of the poison list")
	MEMBER("unallocated", "[int]?", "bytes of each cell that the host has not; null: no dynamic capacity")
	MEMBER("layers", "map-layers", ""))
OBJECT("map-layers",
	MEMBER("poison", "[int]?", "errors in each cell; null: not known")
	MEMBER("latent", "[int]?", "")
	MEMBER("listed", "[int]?", "")
	MEMBER("found", "[int]?", ""))
OBJECT("scan",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("events", "bool", "it logs what it finds")
	MEMBER("estimate-ms", "int", "what the device expected; 0: it could not tell")
	MEMBER("elapsed-ms", "int", "")
	MEMBER("return-code", "int", "how it ended")
	MEMBER("return-code-name", "str", "")
	MEMBER("stopped-prematurely", "bool", "")
	MEMBER("restart", "range?", "where to go on")
	MEMBER("records", "[record]", ""))
OBJECT("scan-started",
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("events", "bool", "")
	MEMBER("estimate-ms", "int", "")
	MEMBER("not-started", "range?", "what is left to scan"))
OBJECT("scan-results",
	MEMBER("stopped-prematurely", "bool", "")
	MEMBER("restart", "range?", "")
	MEMBER("records", "[record]", ""))
OBJECT("aborted",
	MEMBER("was-running", "bool", "")
	MEMBER("opcode", "int", "")
	MEMBER("percent", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("running", "bool", ""))
OBJECT("waited-scan",
	MEMBER("scanned", "bool", "there was a scan")
	MEMBER("percent", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("return-code-name", "str", ""))
OBJECT("waited-overflow",
	MEMBER("overflow-timestamp", "int", "nanoseconds"))
OBJECT("waited-event",
	MEMBER("log", "event-log", ""))
OBJECT("events",
	MAYBE("informational", "log-records", "")
	MAYBE("warning", "log-records", "")
	MAYBE("failure", "log-records", "")
	MAYBE("fatal", "log-records", "")
	MAYBE("dynamic-capacity", "log-records", ""))
OBJECT("log-records",
	MEMBER("count", "int", "")
	MEMBER("more", "bool", "there are more than could be read")
	MEMBER("overflow", "bool", "")
	MEMBER("lost", "int", "records")
	MEMBER("first-lost", "int", "nanoseconds")
	MEMBER("last-lost", "int", "nanoseconds")
	MEMBER("records", "[event]", ""))
OBJECT("event",
	MEMBER("log", "event-log", "")
	MEMBER("handle", "int", "")
	MEMBER("related-handle", "int", "0: none")
	MEMBER("timestamp", "int", "nanoseconds; 0: the clock was not set")
	MEMBER("uuid", "str", "what kind of record this is")
	MEMBER("type", "str", "its name, or vendor")
	MEMBER("severity", "log", "")
	MEMBER("flags", "[record-flags]", "")
	FIELDS("record-", "of its type, when it is valid in this record: as in swcxl-query-events")
	MEMBER("data", "str", "the whole record, hexadecimal digits"))
OBJECT("dc-config",
	MEMBER("regions", "[dc-config-region]", "")
	MEMBER("decode-length-in-bytes", "bool", "else the device tells it in units of 256 MiB")
	MEMBER("extents-max", "int?", "null: from devices before CXL 3.1, as the next three")
	MEMBER("extents-available", "int?", "")
	MEMBER("tags-max", "int?", "")
	MEMBER("tags-available", "int?", ""))
OBJECT("dc-config-region",
	MEMBER("region", "int", "")
	MEMBER("start", "int", "DPA")
	MEMBER("length", "int", "bytes")
	MEMBER("decode-length", "int", "bytes")
	MEMBER("block-size", "int", "bytes")
	MEMBER("dsmad-handle", "int", "")
	MEMBER("flags", "[dc-flag]", ""))
OBJECT("dc-extents",
	MEMBER("generation", "int", "of the list")
	MEMBER("extents", "[extent]", "that the host has")
	MEMBER("groups", "[group]", "of records in the log")
	MEMBER("more", "bool", "the log has more than could be read"))
OBJECT("dc-offer",
	MEMBER("offer", "[record-extent]", "")
	MEMBER("complete", "bool", "its last record could be read"))
OBJECT("dc-responded",
	MEMBER("offer", "[record-extent]", "")
	MEMBER("accepted", "[range]", "")
	MEMBER("cleared", "int", "records"))
OBJECT("dc-requests",
	MEMBER("requests", "[group]", ""))
OBJECT("dc-released",
	MEMBER("released", "[range]", "")
	MEMBER("cleared", "int", "records"))
OBJECT("dc-offered",
	MEMBER("offered", "[dc-pending-extent]", ""))
OBJECT("dc-reclaimed",
	MEMBER("forced", "bool", "")
	MEMBER("sanitize", "bool", "")
	MEMBER("taken", "int", "bytes that the host had")
	MEMBER("withdrawn", "int", "bytes that were on offer")
	MEMBER("requested", "[dc-extent]", "that the host is asked for"))
OBJECT("log-info",
	MEMBER("log", "str", "")
	MEMBER("size", "int", "bytes")
	MEMBER("clear", "bool", "it can be cleared")
	MEMBER("populate", "bool", "it can be populated")
	MEMBER("auto-populate", "bool", "")
	MEMBER("persistent", "bool", ""))
OBJECT("effect",
	MEMBER("opcode", "int", "")
	MEMBER("name", "str", "")
	MEMBER("effects", "[str]", ""))
OBJECT("log-text",
	MEMBER("log", "str", "")
	MAYBE("text", "str", "what is text")
	MAYBE("data", "str", "what is none, in hexadecimal digits"))
OBJECT("component-state-dump",
	MEMBER("log", "str", "")
	MEMBER("populated", "bool", "")
	MEMBER("automatic", "bool", "the device did it by itself")
	MEMBER("triggers", "int", "of an automatic one: bits")
	MEMBER("event-log", "str", "where the event of an automatic one is; empty: none")
	MEMBER("handle", "int", "of that event")
	MEMBER("timestamp", "int", "nanoseconds")
	MAYBE("text", "str", "")
	MAYBE("data", "str", ""))
OBJECT("log-done",
	MEMBER("log", "str", "")
	MEMBER("running", "bool", "it goes on in the background"))
OBJECT("answer",
	MEMBER("opcode", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("return-code-name", "str", "")
	MEMBER("payload", "str", "hexadecimal digits"))
OBJECT("health-and-alerts",
	MEMBER("health-status", "[health-status]", "")
	MEMBER("media-status", "health-media-status", "")
	MEMBER("life-used", "int", "percent")
	MEMBER("life-used-level", "alert-level", "")
	MEMBER("temperature", "int", "degrees Celsius")
	MEMBER("temperature-level", "alert-level", "")
	MEMBER("dirty-shutdown-count", "int", "")
	MEMBER("corrected-volatile-error-count", "int", "")
	MEMBER("corrected-volatile-level", "alert-level", "")
	MEMBER("corrected-persistent-error-count", "int", "")
	MEMBER("corrected-persistent-level", "alert-level", "")
	MEMBER("alerts", "alerts", ""))
OBJECT("alerts",
	MEMBER("life-used", "alert", "")
	MEMBER("over-temperature", "alert", "")
	MEMBER("under-temperature", "alert", "")
	MEMBER("corrected-volatile-errors", "alert", "")
	MEMBER("corrected-persistent-errors", "alert", ""))
OBJECT("alert",
	MEMBER("programmable", "bool", "")
	MEMBER("enabled", "bool", "")
	MEMBER("warning", "int", "threshold")
	MAYBE("critical", "int", "threshold, which is fixed"))
OBJECT("clock-state",
	MEMBER("now", "int", "nanoseconds since power on"))
OBJECT("fault-done",
	MEMBER("fault", "str", "the kind, or clear"))
OBJECT("bench",
	MEMBER("payload", "int", "bytes that the mailbox holds")
	MEMBER("tests", "[bench-test]", ""))
OBJECT("bench-test",
	MEMBER("name", "str", "")
	MEMBER("opcode", "int", "")
	MEMBER("return-code", "int", "")
	MEMBER("return-code-name", "str", "")
	MEMBER("runs", "[int]", "nanoseconds that a command took in each")
	MAYBE("count", "int", "commands in a run")
	MAYBE("min", "int", "nanoseconds")
	MAYBE("median", "int", "nanoseconds")
	MAYBE("max", "int", "nanoseconds")
	MAYBE("messages", "int", "of the last command")
	MAYBE("bytes-in", "int", "")
	MAYBE("bytes-out", "int", ""))
OBJECT("state",
	MEMBER("swcxl-state", "int", "the version of the format")
	MEMBER("device", "state-device", "")
	MEMBER("records", "[any]", "each begins with what it is about: swcxlctl(1)"))
OBJECT("state-device",
	MEMBER("serial", "str", "")
	MEMBER("volatile", "int", "bytes")
	MEMBER("persistent", "int", "bytes")
	MEMBER("partitionable", "int", "bytes")
	MEMBER("lsa", "int", "bytes")
	MEMBER("dc-regions", "int", "how many")
	MEMBER("dc-region-size", "int", "bytes"))
OBJECT("state-imported",
	MEMBER("records", "int", "how many"))
OBJECT("trace-line",
	MEMBER("time", "int", "nanoseconds since power on")
	MEMBER("kind", "str", "")
	MEMBER("name", "str", "")
	MEMBER("text", "str", "")
	MEMBER("digits", "str", "hexadecimal; empty: none"))
OBJECT("reset-done",
	MEMBER("reset", "reset", ""))
/* clang-format on */
