/* SPDX-License-Identifier: MIT */
/*
 * cci, clock step and reset: requests that go to the device as they stand.
 *
 * cci reports whatever return code comes back as its result and lets the exit status say whether
 * it was a good one; it explains nothing, because whoever sends raw bytes wants to see raw
 * answers.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"

#define INPUT_MAX MiB /* the largest mailbox payload */

enum status cmd_cci(struct ctl *ctl)
{
	uint8_t *in = xalloc(NULL, INPUT_MAX);
	struct reply reply;
	unsigned opcode;
	size_t len = 0;

	if (!parse_opcode(ctl->args[0], &opcode))
		ctl_usage(ctl, "'%s' is no opcode: up to four hexadecimal digits, as in 4300",
			  ctl->args[0]);
	for (unsigned i = 1; i < ctl->nargs; i++)
		if (!parse_hex(ctl->args[i], in, INPUT_MAX, &len))
			ctl_usage(ctl,
				  "'%s' is no payload: two hexadecimal digits a byte, at most "
				  "1 MiB",
				  ctl->args[i]);
	reply = link_execute(ctl_link(ctl), opcode, in, len);
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_number(document, "opcode", opcode);
		add_number(document, "return-code", reply.rc);
		add_string(document, "return-code-name", rc_text(reply.rc));
		add_hex(document, "payload", reply.p, reply.len);
		print_json(document);
	} else {
		printf("%s: %s, %zu byte%s\n", opcode_full(opcode), rc_full(reply.rc), reply.len,
		       plural(reply.len));
		hex_dump(reply.p, reply.len);
	}
	free(in);
	return reply.rc <= SWCXL_BACKGROUND_STARTED ? DONE : REFUSED;
}

enum status cmd_clock_step(struct ctl *ctl)
{
	struct json_object *args = json_object_new_object(), *now;
	uint64_t ns;

	if (!parse_duration(ctl->args[0], &ns))
		ctl_usage(ctl,
			  "'%s' is no duration: 250ms, 5s, 2m; units are ns us ms s m h, and "
			  "ns when there is none",
			  ctl->args[0]);
	add_number(args, "nanoseconds", ns);
	now = qmp_call(ctl_link(ctl), "swcxl-clock-step", args, NULL);
	if (ctl->json)
		print_json(json_object_get(now));
	else
		printf("The device is %.9f s old now.\n", (double)get_number(now, "now") / 1e9);
	json_object_put(now);
	return DONE;
}

enum status cmd_reset(struct ctl *ctl)
{
	static const struct {
		const char *type, *name;
	} resets[] = {{"conventional", "Conventional"},
		      {"cold", "Cold"},
		      {"cxl", "CXL"},
		      {"function", "Function level"}};
	const char *type = ctl->nargs ? ctl->args[0] : resets[0].type;
	struct json_object *args = json_object_new_object();
	struct json_object *document;
	unsigned i = 0;

	while (i < ARRAY_SIZE(resets) && strcmp(type, resets[i].type) != 0)
		i++;
	if (i == ARRAY_SIZE(resets))
		ctl_usage(ctl, "'%s' is no reset: conventional, cold, cxl or function", type);
	add_string(args, "type", type);
	json_object_put(qmp_call(ctl_link(ctl), "swcxl-reset", args, NULL));
	if (ctl->json) {
		document = json_object_new_object();
		add_string(document, "reset", type);
		print_json(document);
	} else {
		printf("%s reset done.\n", resets[i].name);
	}
	return DONE;
}
