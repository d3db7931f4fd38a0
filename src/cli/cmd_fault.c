// SPDX-License-Identifier: MIT
/* fault: what shall go wrong, what is to go wrong, and the end of it. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/ctl.h"
#include "cli/format.h"
#include "cli/names.h"
#include "cli/nearest.h"
#include "swcxl/swcxl.h"

static enum status show(struct ctl *ctl)
{
	struct json_object *faults = qmp_call_list(ctl_link(ctl), "swcxl-query-faults", NULL);
	size_t n = json_object_array_length(faults);

	if (ctl->json) {
		print_json(faults);
		return DONE;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *fault = json_object_array_get_idx(faults, i);
		uint64_t count = get_number(fault, "count"), hits = get_number(fault, "hits");

		printf("%s", quote(get_string(fault, "fault")).s);
		if (get_number(fault, "opcode"))
			printf(" of %s", opcode_full((unsigned)get_number(fault, "opcode")));
		if (get_number(fault, "value"))
			printf(", value %llu", (unsigned long long)get_number(fault, "value"));
		if (count)
			printf(", %llu to come", (unsigned long long)count);
		if (hits)
			printf(", has happened %llu time%s", (unsigned long long)hits,
			       plural(hits));
		printf("\n");
	}
	if (!n)
		printf("Nothing is to go wrong.\n");
	json_object_put(faults);
	return DONE;
}

/* A return code is hexadecimal as everywhere, a delay a duration, a length a size. */
static void add_value(struct ctl *ctl, const char *kind, struct json_object *args)
{
	const char *text = ctl->options[OPT_value];
	unsigned code = 0;
	uint64_t value;
	bool ok;

	if (!strcmp(kind, "return-code")) {
		ok = parse_opcode(text, &code);
		value = code;
	} else if (!strcmp(kind, "delay")) {
		ok = parse_duration(text, &value);
	} else {
		ok = parse_size(text, &value);
	}
	if (!ok)
		ctl_usage(ctl,
			  "--value '%s' is not what a %s takes: a return code in hexadecimal, a "
			  "duration (250ms) or a number of bytes",
			  text, kind);
	add_number(args, "value", value);
}

/* The kinds are those of the control protocol. */
static void check_kind(const struct ctl *ctl, const char *kind)
{
	struct nearest nearest = {.word = kind};
	char kinds[256] = "clear";

	for (unsigned i = 0; strcmp(value_key(ENUM_fault, i), "reserved") != 0; i++) {
		const char *name = value_key(ENUM_fault, i);
		size_t len = strlen(kinds);

		if (strcmp(kind, name) == 0)
			return;
		nearest_offer(&nearest, name);
		snprintf(kinds + len, sizeof(kinds) - len, ", %s", name);
	}
	if (nearest.name)
		ctl_usage(ctl, "There is no fault '%s'; the nearest is '%s'", kind, nearest.name);
	ctl_usage(ctl, "There is no fault '%s': %s", kind, kinds);
}

static enum status done(const struct ctl *ctl, const char *what, const char *text)
{
	struct json_object *document;

	if (ctl->json) {
		document = json_object_new_object();
		add_string(document, "fault", what);
		print_json(document);
	} else {
		printf("%s\n", text);
	}
	return DONE;
}

enum status cmd_fault(struct ctl *ctl)
{
	const char *kind = ctl->nargs ? ctl->args[0] : NULL;
	struct json_object *args;
	unsigned opcode;

	if (!kind)
		return show(ctl);
	if (!strcmp(kind, "clear")) {
		json_object_put(qmp_call(ctl_link(ctl), "swcxl-clear-faults", NULL, NULL));
		return done(ctl, kind, "Nothing is to go wrong any more.");
	}
	check_kind(ctl, kind);
	args = json_object_new_object();
	add_string(args, "fault", kind);
	if (ctl->nargs > 1) {
		if (!parse_opcode(ctl->args[1], &opcode))
			ctl_usage(ctl,
				  "'%s' is no opcode: up to four hexadecimal digits, as in 4300",
				  ctl->args[1]);
		add_number(args, "opcode", opcode);
	}
	if (ctl_has(ctl, OPT_value))
		add_value(ctl, kind, args);
	if (ctl_has(ctl, OPT_count))
		add_number(args, "count", ctl_number(ctl, OPT_count, 1));
	json_object_put(qmp_call(ctl_link(ctl), "swcxl-fault", args, NULL));
	return done(ctl, kind, "It will go wrong.");
}
