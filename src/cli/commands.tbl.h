/* SPDX-License-Identifier: MIT */
/*
 * Subcommands: COMMAND(id, "name", "ARGUMENTS", min, max, options, where, "help"). Rows only.
 *
 * min, max   number of arguments
 * options    those it takes beside the global ones
 * where      ANYWHERE; CONTROL or FUNCTION when only a control socket or a PCI function can do it
 */
/* clang-format off */
COMMAND(status, "status", "", 0, 0, 0, ANYWHERE,
	"What the device is and what it is doing.")
COMMAND(plant, "plant", "[RANGE]", 0, 2,
	OPT(source) | OPT(latent) | OPT(permanent) | OPT(from) | OPT(random) | OPT(seed), CONTROL,
	"Makes errors in the media. Never refused because the poison list is full.")
COMMAND(inject, "inject", "LINES...", 1, ARGS_MAX, 0, ANYWHERE,
	"Poisons lines as a host does it (Inject Poison).")
COMMAND(clear, "clear", "LINES...", 1, ARGS_MAX, OPT(data), ANYWHERE,
	"Writes lines and so removes their poison (Clear Poison).")
COMMAND(poison_list, "poison list", "[RANGE]", 0, 2, OPT(media) | OPT(limit), ANYWHERE,
	"The device's poison list, or the truth.")
COMMAND(map, "map", "[RANGE]", 0, 2, 0, ANYWHERE,
	"A picture of the address space: poison, what is listed, what the scan found.")
COMMAND(scan, "scan", "[RANGE]", 0, 2,
	OPT(no_events) | OPT(no_wait) | OPT(go_on) | OPT(limit), ANYWHERE,
	"Scans the media and prints what was found.")
COMMAND(scan_results, "scan results", "", 0, 0, OPT(limit), ANYWHERE,
	"What the last scan found.")
COMMAND(abort, "abort", "", 0, 0, 0, ANYWHERE,
	"Stops the background operation that runs.")
COMMAND(wait, "wait", "scan|overflow|event", 1, 1, OPT(timeout) | OPT(log), ANYWHERE,
	"Waits until no scan runs, the list has overflowed, or a log holds a record.")
COMMAND(events, "events", "", 0, 0, OPT(follow) | OPT(log) | OPT(limit), ANYWHERE,
	"The records of the event logs, without clearing them.")
COMMAND(dc_config, "dc config", "", 0, 0, 0, ANYWHERE,
	"The regions of dynamic capacity, and what the device can keep track of.")
COMMAND(dc_extents, "dc extents", "", 0, 0, OPT(limit), ANYWHERE,
	"The capacity that the host has, and what waits for its answer.")
COMMAND(dc_respond, "dc respond", "[all|none|RANGE...]", 0, ARGS_MAX, OPT(keep), ANYWHERE,
	"Answers the oldest offer of capacity as the host; or shows it.")
COMMAND(dc_release, "dc release", "[requested|none|all|RANGE...]", 0, ARGS_MAX, OPT(keep), ANYWHERE,
	"Gives capacity back as the host; or shows what is asked for.")
COMMAND(dc_add, "dc add", "[SIZE|RANGE...]", 0, ARGS_MAX,
	OPT(policy) | OPT(region) | OPT(tag), CONTROL,
	"Offers capacity to the host, as the fabric manager.")
COMMAND(dc_reclaim, "dc reclaim", "[SIZE|RANGE...]", 0, ARGS_MAX,
	OPT(policy) | OPT(region) | OPT(tag) | OPT(forced) | OPT(sanitize), CONTROL,
	"Asks the host for capacity, or takes it, as the fabric manager.")
COMMAND(log, "log", "[NAME [clear|populate]]", 0, 2, 0, ANYWHERE,
	"What a log says: component-state-dump, vendor-debug, command-effects.")
COMMAND(cci, "cci", "OPCODE [HEX...]", 1, ARGS_MAX, 0, ANYWHERE,
	"Sends any command as it stands: opcode and payload in hexadecimal.")
COMMAND(health, "health", "[NAME=VALUE...]", 0, ARGS_MAX, 0, ANYWHERE,
	"The device's health and its alerts; with arguments, what it shall measure.")
COMMAND(clock_step, "clock step", "DURATION", 1, 1, 0, CONTROL,
	"Moves the time of a device with a virtual clock: 250ms, 5s, 1h.")
COMMAND(fault, "fault", "[clear|KIND [OPCODE]]", 0, 2, OPT(value) | OPT(count), CONTROL,
	"Makes something go wrong, shows what is to, or ends it.")
COMMAND(bench, "bench", "[NAME...]", 0, ARGS_MAX, OPT(count) | OPT(runs) | OPT(bytes), FUNCTION,
	"How long commands take through the mailbox: all of these tests, or some.")
COMMAND(trace, "trace", "[FILE]", 0, 1,
	OPT(follow) | OPT(channel) | OPT(command) | OPT(digits), ANYWHERE,
	"Shows a trace, or the one that the device writes.")
COMMAND(replay, "replay", "FILE", 1, 1, OPT(state), ANYWHERE,
	"Does what a trace says to a fresh device, and tells the first difference.")
COMMAND(state_export, "state export", "[FILE]", 0, 1, OPT(secrets), CONTROL,
	"Writes all that the device has as JSON, a record a line.")
COMMAND(state_import, "state import", "FILE", 1, 1, 0, CONTROL,
	"The device loses its power and comes back with this state.")
COMMAND(state_diff, "state diff", "A B", 2, 2, OPT(secrets), ANYWHERE,
	"What is different in two states: files, or 'live' for the device.")
COMMAND(reset, "reset", "[conventional|cold|cxl|function]", 0, 1, 0, CONTROL,
	"Resets the device.")
/* clang-format on */
#undef COMMAND
