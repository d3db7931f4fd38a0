// SPDX-License-Identifier: MIT
/*
 * state: all that a device has as a document, out, in and compared. The device makes and checks the
 * records (swcxl-export-state, swcxl-import-state); a file is their parts put together, a record a
 * line, so that diff(1) and git read it as people do.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"

#define FORMAT 1
#define TRIES 5		       /* while the device changes */
#define PART_RECORDS 500u      /* in a request */
#define PART_BYTES (512 * KiB) /* likewise: far from what a device takes */

static const char *text_of(struct json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_SPACED |
							     JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* ---- from a device --------------------------------------------------------------------------- */

static struct json_object *part(struct ctl *ctl, const char *next)
{
	struct json_object *args = json_object_new_object(), *state;

	add_string(args, "next", next);
	add_bool(args, "secrets", ctl_has(ctl, OPT_secrets));
	state = qmp_call(ctl_link(ctl), "swcxl-export-state", args, NULL);
	if (!json_object_is_type(get_member(state, "records"), json_type_array))
		die(NO_CONNECTION, "The device exports a state without a list of records");
	return state;
}

/* All parts in one, or NULL: the device has changed meanwhile. */
static struct json_object *try_export(struct ctl *ctl)
{
	struct json_object *all = part(ctl, ""), *records = get_member(all, "records");
	uint64_t generation = get_number(all, "generation");
	bool same = true;

	while (*get_string(all, "next") && same) {
		struct json_object *more = part(ctl, get_string(all, "next"));
		struct json_object *list = get_member(more, "records");

		for (size_t i = 0; i < json_object_array_length(list); i++)
			json_object_array_add(records,
					      json_object_get(json_object_array_get_idx(list, i)));
		same = get_number(more, "generation") == generation;
		add_string(all, "next", get_string(more, "next"));
		json_object_put(more);
	}
	if (same)
		return all;
	json_object_put(all);
	return NULL;
}

static struct json_object *export(struct ctl *ctl)
{
	struct json_object *state;

	for (unsigned i = 0; i < TRIES; i++) {
		state = try_export(ctl);
		if (state)
			return state;
	}
	die(REFUSED, "The device changes faster than it can be exported: stop what uses it");
}

static void print_state(FILE *file, struct json_object *state)
{
	struct json_object *records = get_member(state, "records");
	size_t n = json_object_array_length(records);

	fprintf(file, "{\"swcxl-state\": %d,\n", FORMAT);
	fprintf(file, "\"device\": ");
	print_escaped(file, text_of(get_member(state, "device")));
	fprintf(file, ",\n\"records\": [\n");
	for (size_t i = 0; i < n; i++) {
		print_escaped(file, text_of(json_object_array_get_idx(records, i)));
		fprintf(file, "%s\n", i + 1 < n ? "," : "");
	}
	fprintf(file, "]}\n");
}

/* Another file until it is whole. It may hold what only its owner should see. */
static void write_file(const char *path, struct json_object *state)
{
	char *draft = xalloc(NULL, strlen(path) + 8);
	mode_t mask = umask(077);
	FILE *file;

	sprintf(draft, "%s.new", path);
	file = fopen(draft, "we");
	umask(mask);
	if (!file)
		die(REFUSED, "Cannot write %s: %s", draft, strerror(errno));
	print_state(file, state);
	if (fflush(file) != 0 || fsync(fileno(file)) != 0 || rename(draft, path) != 0)
		die(REFUSED, "Cannot write %s: %s", path, strerror(errno));
	fclose(file);
	free(draft);
}

enum status cmd_state_export(struct ctl *ctl)
{
	struct json_object *state = export(ctl);

	if (ctl->nargs)
		write_file(ctl->args[0], state);
	else
		print_state(stdout, state);
	json_object_put(state);
	return DONE;
}

/* ---- from a file ----------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *len)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = NULL;
	size_t cap = 0, n;

	if (!file)
		die(REFUSED, "Cannot read %s: %s", path, strerror(errno));
	*len = 0;
	do {
		if (cap - *len < 64 * KiB) {
			cap = MAX(2 * cap, 256 * KiB);
			text = xalloc(text, cap);
		}
		n = fread(text + *len, 1, cap - *len - 1, file);
		*len += n;
	} while (n);
	if (ferror(file))
		die(REFUSED, "Cannot read %s: %s", path, strerror(errno));
	if (file != stdin)
		fclose(file);
	text[*len] = '\0';
	return text;
}

static struct json_object *parse(const char *path, const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *state;
	unsigned line = 1;
	size_t at;

	if (!tokener || len >= INT32_MAX)
		die(REFUSED, "%s is too large to be read", path);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	state = json_tokener_parse_ex(tokener, text, (int)len + 1);
	at = json_tokener_get_parse_end(tokener);
	if (!state) {
		for (size_t i = 0; i < MIN(at, len); i++)
			line += text[i] == '\n';
		die(REFUSED, "%s:%u: %s", path, line,
		    json_tokener_error_desc(json_tokener_get_error(tokener)));
	}
	json_tokener_free(tokener);
	return state;
}

/* A document of ours, or the end. */
static struct json_object *load(const char *path)
{
	size_t len;
	char *text = read_file(path, &len);
	struct json_object *state = parse(path, text, len);

	free(text);
	if (!json_object_is_type(state, json_type_object) || !get_member(state, "swcxl-state"))
		die(REFUSED, "%s is no state of a device: 'swcxl-state' is missing", path);
	if (get_number(state, "swcxl-state") != FORMAT)
		die(REFUSED, "%s has format %s, and this program knows %d", path,
		    text_of(get_member(state, "swcxl-state")), FORMAT);
	if (!json_object_is_type(get_member(state, "records"), json_type_array))
		die(REFUSED, "%s has no list of 'records'", path);
	return state;
}

/* Records from *at on, with the head that each part has; *at moves. */
static struct json_object *cut(struct json_object *state, size_t *at)
{
	struct json_object *records = get_member(state, "records");
	struct json_object *some = json_object_new_array(), *one = json_object_new_object();
	size_t bytes = 0, n = 0;

	for (; *at < json_object_array_length(records) && bytes < PART_BYTES && n < PART_RECORDS;
	     ++*at, n++) {
		struct json_object *record = json_object_array_get_idx(records, *at);

		bytes += strlen(text_of(record));
		json_object_array_add(some, json_object_get(record));
	}
	json_object_object_add(one, "swcxl-state",
			       json_object_get(get_member(state, "swcxl-state")));
	json_object_object_add(one, "device", json_object_get(get_member(state, "device")));
	json_object_object_add(one, "records", some);
	return one;
}

enum status cmd_state_import(struct ctl *ctl)
{
	struct json_object *state = load(ctl->args[0]);
	size_t n = json_object_array_length(get_member(state, "records")), at = 0;

	do {
		struct json_object *args = json_object_new_object();

		json_object_object_add(args, "state", cut(state, &at));
		add_bool(args, "more", at < n);
		json_object_put(qmp_call(ctl_link(ctl), "swcxl-import-state", args, ctl->args[0]));
	} while (at < n);
	json_object_put(state);
	if (ctl->json) {
		struct json_object *document = json_object_new_object();

		add_number(document, "records", n);
		print_json(document);
	} else {
		printf("The device has the state of %s: %zu records.\n", ctl->args[0], n);
	}
	return DONE;
}

/* ---- compared -------------------------------------------------------------------------------- */

/* What two records have in common that are about the same thing: kind, and where or which. */
static char *key_of(struct json_object *record)
{
	struct json_object_iterator it = json_object_iter_begin(record);
	const char *kind = json_object_iter_peek_name(&it);
	struct json_object *place = json_object_iter_peek_value(&it);
	bool event = !strcmp(kind, "event");
	char *key;

	/* two events of a log are the same one if all is the same */
	if (asprintf(&key, "%s %s %s", kind,
		     strcmp(kind, "overflow") ? json_object_to_json_string(place) : "",
		     event ? get_string(record, "record") : "") < 0)
		die(REFUSED, "Out of memory");
	return key;
}

static void index_of(struct json_object *state, struct json_object *index, const char *name)
{
	struct json_object *records = get_member(state, "records");

	for (size_t i = 0; i < json_object_array_length(records); i++) {
		struct json_object *record = json_object_array_get_idx(records, i);
		char *key;

		if (!json_object_is_type(record, json_type_object) ||
		    !json_object_object_length(record))
			die(REFUSED, "%s: record %zu is no object", name, i + 1);
		key = key_of(record);
		json_object_object_add(index, key, json_object_get(record));
		free(key);
	}
}

static void print_record(char sign, struct json_object *record)
{
	printf("%s%c ", colour(sign == '-' ? RED : GREEN), sign);
	print_escaped(stdout, text_of(record));
	printf("%s\n", colour(PLAIN));
}

/* Those of one that the other has not, or not like that; what replaces them follows at once. */
static unsigned differ(struct json_object *a, struct json_object *b)
{
	unsigned n = 0;

	json_object_object_foreach (a, key, record) {
		struct json_object *other = get_member(b, key);

		if (other && json_object_equal(record, other))
			continue;
		print_record('-', record);
		if (other)
			print_record('+', other);
		n++;
	}
	json_object_object_foreach (b, name, more) {
		if (get_member(a, name))
			continue;
		print_record('+', more);
		n++;
	}
	return n;
}

static struct json_object *get_state(struct ctl *ctl, const char *name)
{
	return strcmp(name, "live") ? load(name) : export(ctl);
}

enum status cmd_state_diff(struct ctl *ctl)
{
	struct json_object *a, *b;
	struct json_object *a_index = json_object_new_object();
	struct json_object *b_index = json_object_new_object();
	unsigned n = 0;

	if (ctl->json)
		ctl_usage(ctl, "'state diff' has no --json: its exit status says whether there "
			       "is any");
	a = get_state(ctl, ctl->args[0]);
	b = get_state(ctl, ctl->args[1]);
	index_of(a, a_index, ctl->args[0]);
	index_of(b, b_index, ctl->args[1]);
	if (!json_object_equal(get_member(a, "device"), get_member(b, "device"))) {
		print_record('-', get_member(a, "device"));
		print_record('+', get_member(b, "device"));
		n++;
	}
	n += differ(a_index, b_index);
	json_object_put(a_index);
	json_object_put(b_index);
	json_object_put(a);
	json_object_put(b);
	return n ? REFUSED : DONE;
}
