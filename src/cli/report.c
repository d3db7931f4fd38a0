/* SPDX-License-Identifier: MIT */
/*
 * Errors. swcxlctl does one thing and ends, so whatever goes wrong ends it here: callers need no
 * error paths, and every failure reads alike. The advice for a return code is a table, since what
 * to do next depends on the code far more than on the command.
 */
#include "cli/report.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/control.h"
#include "base/util.h"
#include "cli/format.h"
#include "client/names.h"
#include "swcxl/swcxl.h"

static bool as_json;

/* What a person can do about a return code; the first row that fits. */
static const struct {
	unsigned rc;
	enum { ANY = 0, LOG_SET = 0x04, MEDIA_SET = 0x43, DC_SET = 0x48 } group; /* of opcodes */
	const char *text;
} advice[] = {
	{SWCXL_INVALID_INPUT, MEDIA_SET,
	 "Check the range: 'swcxlctl status' shows the capacity and its partitions, and a device "
	 "may "
	 "refuse a range that spans two of them"},
	{SWCXL_INVALID_INPUT, LOG_SET,
	 "'swcxlctl log' shows which logs there are, and which can be cleared or populated"},
	{SWCXL_INVALID_INPUT, DC_SET,
	 "'swcxlctl dc config' shows the regions and their blocks, 'swcxlctl dc extents' what the "
	 "host has"},
	{SWCXL_INVALID_INPUT, ANY,
	 "The device does not take one of these values; its documentation says which there are"},
	{SWCXL_UNSUPPORTED, ANY,
	 "The device does not have this command, or nothing to answer it with"},
	{SWCXL_INTERNAL_ERROR, ANY,
	 "The device has failed at it and does not say why: 'swcxlctl events' and "
	 "'swcxlctl log vendor-debug' may"},
	{SWCXL_RETRY_REQUIRED, ANY, "The device could not do it just then: try once more"},
	{SWCXL_BUSY, ANY,
	 "A background operation is running: 'swcxlctl status' shows it, 'swcxlctl wait "
	 "scan' waits for it, 'swcxlctl abort' stops it"},
	{SWCXL_MEDIA_DISABLED, ANY, "The media is disabled until a sanitize operation succeeds"},
	{SWCXL_INVALID_PHYSICAL_ADDRESS, ANY,
	 "'swcxlctl status' shows which addresses the device has"},
	{SWCXL_INJECT_POISON_LIMIT_REACHED, ANY,
	 "Clear injected poison first: 'swcxlctl poison list' "
	 "shows it, 'swcxlctl clear' removes it"},
	{SWCXL_PERMANENT_MEDIA_FAILURE, ANY,
	 "This line is damaged for good: it stays poisoned, whatever is written to it"},
	{SWCXL_FW_TRANSFER_IN_PROGRESS, ANY,
	 "Another firmware transfer is under way: end or abort that one"},
	{SWCXL_FW_TRANSFER_OUT_OF_ORDER, ANY,
	 "Parts of the firmware are sent in order, from the first one on: "
	 "begin again"},
	{SWCXL_FW_VERIFICATION_FAILED, ANY,
	 "The device does not take this package: it is damaged, or for "
	 "another device"},
	{SWCXL_INVALID_SLOT, ANY,
	 "'swcxlctl cci 0200' (Get FW Info) tells which slots there are and hold "
	 "firmware"},
	{SWCXL_ACTIVATION_FAILED_ROLLED_BACK, ANY, "The firmware that ran before runs on"},
	{SWCXL_ACTIVATION_FAILED_COLD_RESET, ANY,
	 "The device needs a cold reset: 'swcxlctl reset cold'"},
	{SWCXL_INVALID_HANDLE, ANY,
	 "There is no such record, or not where it was said to be: 'swcxlctl events' "
	 "shows the handles, and the oldest records are cleared first"},
	{SWCXL_ABORTED, ANY, "Somebody stopped it; what was done until then stands"},
	{SWCXL_INVALID_SECURITY_STATE, ANY,
	 "The state of its security forbids it: 'swcxlctl status' shows "
	 "whether it is locked or frozen; unlock it, or reset it"},
	{SWCXL_INCORRECT_PASSPHRASE, ANY,
	 "After a few wrong ones the device takes none before it is reset"},
	{SWCXL_UNSUPPORTED_MAILBOX, ANY,
	 "Try it over the other transport (--qmp instead of --pci)"},
	{SWCXL_INVALID_PAYLOAD_LENGTH, ANY,
	 "Check the number of payload bytes: 'swcxlctl cci' sends what it is "
	 "given and adds nothing"},
	{SWCXL_INVALID_LOG, ANY, "'swcxlctl log' shows which logs there are"},
	{SWCXL_INTERRUPTED, ANY, "Something else came first: try once more"},
	{SWCXL_UNSUPPORTED_FEATURE_VERSION, ANY,
	 "'swcxlctl cci 0500' (Get Supported Features) tells which "
	 "version the device has"},
	{SWCXL_UNSUPPORTED_FEATURE_SELECTION, ANY,
	 "Of a feature there are the current, the default and the "
	 "saved values, and not of each"},
	{SWCXL_FEATURE_TRANSFER_IN_PROGRESS, ANY,
	 "Another transfer of a feature is under way: end or abort "
	 "that one"},
	{SWCXL_FEATURE_TRANSFER_OUT_OF_ORDER, ANY,
	 "Parts of a feature are sent in order, from the first one "
	 "on: begin again"},
	{SWCXL_RESOURCES_EXHAUSTED, ANY,
	 "The device has no room for more: 'swcxlctl dc config' shows how many "
	 "extents and tags it can still keep track of"},
	{SWCXL_INVALID_EXTENT_LIST, ANY,
	 "Extents must not overlap, and are whole blocks: 'swcxlctl dc config' "
	 "shows the size of a block"},
	{SWCXL_TRANSFER_OUT_OF_ORDER, ANY,
	 "Parts are sent in order, from the first one on: begin again"},
	{SWCXL_REQUEST_ABORT_NOT_SUPPORTED, ANY, "Wait until the operation has ended"},
};

void report_as_json(void)
{
	as_json = true;
}

const char *rc_text(unsigned rc)
{
	static char unknown[32];
	const char *name = rc_name(rc);

	if (name)
		return name;
	snprintf(unknown, sizeof(unknown), "return code %04Xh", rc);
	return unknown;
}

const char *opcode_text(unsigned opcode)
{
	static char unknown[32];
	const char *name = opcode_name(opcode);

	if (name)
		return name;
	snprintf(unknown, sizeof(unknown), "Command %04Xh", opcode);
	return unknown;
}

/* A name that is the number is not followed by it. */
static const char *full(const char *name, unsigned number, char *text, size_t size)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%04Xh", number);
	if (strstr(name, digits))
		return name;
	snprintf(text, size, "%s (%s)", name, digits);
	return text;
}

const char *rc_full(unsigned rc)
{
	static char text[128];

	return full(rc_text(rc), rc, text, sizeof(text));
}

const char *opcode_full(unsigned opcode)
{
	static char text[128];

	return full(opcode_text(opcode), opcode, text, sizeof(text));
}

void print_json(struct json_object *document)
{
	print_escaped(stdout, json_object_to_json_string_ext(
				      document, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							JSON_C_TO_STRING_NOSLASHESCAPE));
	putchar('\n');
	json_object_put(document);
}

/* Text may quote a device: nothing of it must reach the terminal as a control sequence. */
static void say(char *text)
{
	for (char *c = text; *c; c++)
		memset(c, '?', control_bytes(c));
	fflush(stdout);
	fprintf(stderr, "swcxlctl: %s\n", text);
}

/* The last words: on stderr for the person, on stdout for the script. rc < 0: not a refusal. */
static _Noreturn void end(enum status status, int rc, char *text)
{
	say(text);
	if (as_json) {
		struct json_object *error = json_object_new_object();
		struct json_object *document = json_object_new_object();

		json_object_object_add(error, "status", json_object_new_int((int)status));
		json_object_object_add(error, "text", json_object_new_string(text));
		if (rc >= 0) {
			json_object_object_add(error, "return-code", json_object_new_int(rc));
			json_object_object_add(error, "return-code-name",
					       json_object_new_string(rc_text((unsigned)rc)));
		}
		json_object_object_add(document, "error", error);
		print_json(document);
	}
	/* Callers in the middle of something clean up nothing: not exit(), so that leak checkers
	 * know. */
	fflush(stdout);
	_exit((int)status);
}

void die(enum status status, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	end(status, -1, text);
}

void die_refused_so(unsigned opcode, unsigned rc, const char *what, const char *next)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s%s%s: %s.%s%s%s", opcode_text(opcode), what ? " " : "",
		 what ? what : "", rc_full(rc), next ? " " : "", next ? next : "", next ? "." : "");
	end(REFUSED, (int)rc, text);
}

void die_refused(unsigned opcode, unsigned rc, const char *what)
{
	const char *next = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(advice) && !next; i++)
		if (advice[i].rc == rc &&
		    (advice[i].group == ANY || advice[i].group == opcode >> 8))
			next = advice[i].text;
	die_refused_so(opcode, rc, what, next);
}

/* What is too large for the stream's buffer has been written, or lost, before. */
void flush_output(void)
{
	if (fflush(stdout) != 0)
		die(REFUSED, "Cannot write the output: %s", strerror(errno));
	if (ferror(stdout))
		die(REFUSED, "Cannot write the output");
}
