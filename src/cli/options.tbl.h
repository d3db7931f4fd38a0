/* SPDX-License-Identifier: MIT */
/* Options: OPTION(id, "name", "ARGUMENT" or NULL, "help"). Rows only. */
/* clang-format off */
OPTION(qmp,       "qmp",       "SOCK", "control socket of an swcxl process (default: $SWCXL_QMP)")
OPTION(pci,       "pci",       "BDF",  "PCI function instead, through its mailboxes; needs root")
OPTION(json,      "json",      NULL,   "one JSON document instead of text")
OPTION(help,      "help",      NULL,   "print help, of a command if one is named, and exit")
OPTION(version,   "version",   NULL,   "print the version and exit")
OPTION(source,    "source",    "S",    "external, internal, injected, vendor or unknown")
OPTION(latent,    "latent",    NULL,   "the device does not know of it until it scans or reads there")
OPTION(permanent, "permanent", NULL,   "it cannot be cleared")
OPTION(from,      "from",      "FILE", "read 'start length [source] [latent] [permanent]' lines; - is standard input")
OPTION(random,    "random",    "N",    "plant N errors of one line each, spread over the range")
OPTION(seed,      "seed",      "S",    "with --random: another seed, other places (default: 1)")
OPTION(data,      "data",      "HEX",  "what to write, repeated to fill the line (default: zeros)")
OPTION(media,     "media",     NULL,   "what is true of the media instead of what the device lists")
OPTION(limit,     "limit",     "N",    "show N rows at most and count the rest (not with --json)")
OPTION(no_events, "no-events", NULL,   "the device logs no events for what it finds")
OPTION(no_wait,   "no-wait",   NULL,   "start the scan and return")
OPTION(go_on,     "continue",  NULL,   "when the scan stops early, go on at its restart range until done")
OPTION(timeout,   "timeout",   "SECONDS", "give up after that time with status 1")
OPTION(follow,    "follow",    NULL,   "go on and print records as they come")
OPTION(log,       "log",       "L",    "informational, warning, failure, fatal or dynamic-capacity only")
OPTION(value,     "value",     "V",    "of a fault: a return code, a duration or a number of bytes")
OPTION(count,     "count",     "N",    "of a fault: how many times; 0 is until cleared (default: 1)")
/* clang-format on */
#undef OPTION
