/* SPDX-License-Identifier: MIT */
/*
 * The daemon's options. Rows only; a row macro that the including file does not define is empty.
 * From here follow the parser, --help, --long-options, the `config` of swcxl-query-device and the
 * header of a trace. swcxl(1) is held against it by a test.
 *
 *   DEVICE_OPTION(name, field, kind, argument, min, max, default, help)
 *       makes the device: a field of struct swcxl_config
 *   PROCESS_OPTION(name, field, kind, argument, min, max, default, help)
 *       is about the process: a field of struct options
 *   ACTION(name, id, help)
 *       prints something and ends
 *
 * Kinds: SIZE (K/M/G/T), TIME (ns/us/ms/s/m/h, in ns), NUMBER, HEX, CHOICE (its index among the words of `argument`), ONOFF,
 * FLAG (no argument), TEXT (not empty), REGIONS (flags of one of them; can be repeated). min and max bound numbers. The default is
 * text for --help; swcxl_config_init() and options.c set it.
 */
#ifndef DEVICE_OPTION
#define DEVICE_OPTION(...)
#endif
#ifndef PROCESS_OPTION
#define PROCESS_OPTION(...)
#endif
#ifndef ACTION
#define ACTION(...)
#endif
/* clang-format off */
PROCESS_OPTION("name", name, TEXT, "NAME", 0, 0, "mem0", "name of the device, for QMP")
DEVICE_OPTION("volatile", volatile_size, SIZE, "SIZE", 0, 16 * TiB, "1G", "volatile capacity, a multiple of 256M")
DEVICE_OPTION("persistent", persistent_size, SIZE, "SIZE", 0, 16 * TiB, "0", "persistent capacity, a multiple of 256M")
DEVICE_OPTION("partitionable", partitionable_size, SIZE, "SIZE", 0, 16 * TiB, "0", "capacity between the two that Set Partition Info can move, a multiple of 256M")
DEVICE_OPTION("serial", serial, HEX, "HEX", 1, UINT64_MAX, "from the name", "serial number")
DEVICE_OPTION("cxl-revision", revision, CHOICE, "2.0|3.0|3.1|3.2", 0, 0, "3.2", "revision of the specification that shapes payloads")
DEVICE_OPTION("poison-list-max", poison_list_max, NUMBER, "N", 1, 16777215, "256", "records in the poison list")
DEVICE_OPTION("inject-limit", inject_limit, NUMBER, "N", 0, 65535, "0", "lines that can be injected; 0: no limit")
DEVICE_OPTION("injected-persists", injected_persists, ONOFF, "on|off", 0, 0, "off", "injected poison in persistent capacity survives resets")
DEVICE_OPTION("volatile-list", volatile_list, ONOFF, "on|off", 0, 0, "on", "the poison list covers volatile capacity")
DEVICE_OPTION("span", span_reject, CHOICE, "accept|reject", 0, 0, "accept", "ranges across partitions")
DEVICE_OPTION("strict", strict, FLAG, "", 0, 0, "off", "refuse reserved bits in inputs")
DEVICE_OPTION("scan-ns-per-line", scan_ns_per_line, NUMBER, "N", 1, UINT64_MAX, "500", "media time to scan one line of 64 bytes")
DEVICE_OPTION("estimate", estimate, ONOFF, "on|off", 0, 0, "on", "Get Scan Media Capabilities knows an estimate")
DEVICE_OPTION("scan-results-max", scan_results_max, NUMBER, "N", 0, UINT32_MAX, "0", "records that a scan can store; 0: no limit")
DEVICE_OPTION("during-scan", during_scan, CHOICE, "apply|freeze|busy", 0, 0, "apply", "Inject Poison and Clear Poison while a scan runs")
DEVICE_OPTION("payload", payload_size, SIZE, "SIZE", 256, MiB, "4K", "mailbox payload, a power of two")
DEVICE_OPTION("lsa", lsa_size, SIZE, "SIZE", 0, 16 * MiB, "128K with persistent or partitionable capacity, else 0", "label storage area")
DEVICE_OPTION("event-log-max", event_log_max, NUMBER, "N", 1, 65535, "256", "records in each event log")
DEVICE_OPTION("media-memory-max", media_memory_max, SIZE, "SIZE", 0, UINT64_MAX, "256M", "memory that written content may take here")
DEVICE_OPTION("ranges-max", ranges_max, NUMBER, "N", 1, UINT64_MAX, "67108864", "poisoned ranges that may be held here")
DEVICE_OPTION("hdm-commit", hdm_refuse, CHOICE, "accept|refuse", 0, 0, "accept", "whether HDM decoders commit")
DEVICE_OPTION("sanitize-time", sanitize_ns, TIME, "TIME", 0, 30 * 24 * 3600 * NS_PER_S, "3s", "how long a sanitize takes")
DEVICE_OPTION("fw-time", fw_ns, TIME, "TIME", 0, 30 * 24 * 3600 * NS_PER_S, "1s", "how long it takes to verify firmware, or to activate it online")
DEVICE_OPTION("maintenance-time", maintenance_ns, TIME, "TIME", 0, 30 * 24 * 3600 * NS_PER_S, "500ms", "how long a maintenance operation takes")
DEVICE_OPTION("dc-regions", dc_regions, NUMBER, "N", 0, 8, "0", "regions of dynamic capacity, above the static capacity")
DEVICE_OPTION("dc-region-size", dc_region_size, SIZE, "SIZE", 0, 16 * TiB, "256M with regions, else 0", "capacity of each region, a multiple of 256M")
DEVICE_OPTION("dc-block-size", dc_block_size, SIZE, "SIZE", 64, 16 * TiB, "2M", "block of dynamic capacity, a power of two that divides a region and the static capacity")
DEVICE_OPTION("dc-flags", dc_flags, REGIONS, "N=FLAGS", 0, 7, "none", "of region N, any of sanitize,non-volatile,sharable,hw-coherency,read-only, or their bits as 0xHEX")
DEVICE_OPTION("dc-decode-length", dc_decode_bytes, CHOICE, "units|bytes", 0, 0, "units", "Get Dynamic Capacity Configuration has decode lengths in units of 256 MiB, or in bytes")
DEVICE_OPTION("dc-host-timeout", dc_host_timeout_ns, TIME, "TIME", 0, 30 * 24 * 3600 * NS_PER_S, "0", "how long a host may take to answer an offer or a request to release; 0: for ever")
PROCESS_OPTION("clock", virtual_clock, CHOICE, "real|virtual", 0, 0, "real", "virtual time moves only by swcxl-clock-step")
PROCESS_OPTION("socket-path", socket_path, TEXT, "PATH", 0, 0, "none", "serve vfio-user on this socket")
PROCESS_OPTION("fd", fd, NUMBER, "N", 0, INT_MAX, "none", "serve vfio-user on this inherited socket, listening or connected")
PROCESS_OPTION("poll", poll_ns, TIME, "TIME", 0, NS_PER_S, "1900us", "how often mapped mailbox registers are looked at for a doorbell; 0: do not map them")
PROCESS_OPTION("qmp", qmp, TEXT, "PATH", 0, 0, "none", "serve the control protocol on this socket")
PROCESS_OPTION("run", run, TEXT, "CMD", 0, 0, "none", "run CMD with SWCXL_SOCKET and SWCXL_QMP set, and end with it")
PROCESS_OPTION("state", state, TEXT, "FILE", 0, 0, "none", "keep what hardware keeps without power in this file")
PROCESS_OPTION("socket-group", socket_group, TEXT, "GROUP", 0, 0, "none", "let this group, by name or number, use the sockets too")
PROCESS_OPTION("sandbox", sandbox, CHOICE, "on|log|off", 0, 0, "on", "give up what serving does not need; log: say in the system's log what would end the process")
PROCESS_OPTION("exit-with-parent", exit_with_parent, FLAG, "", 0, 0, "off", "end when the parent process ends")
PROCESS_OPTION("pid-file", pid_file, TEXT, "FILE", 0, 0, "none", "write the process id there when ready")
PROCESS_OPTION("log-level", log_level, CHOICE, "error|warning|info|debug", 0, 0, "warning", "what to say on stderr")
PROCESS_OPTION("trace", trace, TEXT, "FILE", 0, 0, "none", "write a line for each command there")
PROCESS_OPTION("replay", replay, TEXT, "FILE", 0, 0, "none", "do what this trace says, to a device as it was, compare, and end")
ACTION("print-capabilities", capabilities, "print what this program can do, as JSON, and exit")
ACTION("long-options", long_options, "print the names of all options and exit")
ACTION("version", version, "print the version and exit")
ACTION("help", help, "print this and exit")
/* clang-format on */
#undef DEVICE_OPTION
#undef PROCESS_OPTION
#undef ACTION
