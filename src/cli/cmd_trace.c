// SPDX-License-Identifier: MIT
/*
 * trace: a trace file for people. The text that it has of each line is shown, in columns, and what
 * a program reads is left out. The file is an argument, or the one that the device says it writes.
 *
 * Following a file is reading it to its end, over and over. Only whole lines count: the device
 * writes a line at once, but not what is longer than a buffer. A file that has become shorter, or
 * another one, is of a device that was started anew.
 */
#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"

#define LOOK_US 100000u /* how often there is a look at a file that has ended */

struct line {
	const char *time, *kind, *name, *text, *digits;
};

struct reader {
	struct ctl *ctl;
	const char *path;
	FILE *file;
	char *buf; /* of the line that is being read */
	size_t len, cap;
};

/* ---- one line -------------------------------------------------------------------------------- */

static char *cut(char *text, const char *at)
{
	size_t n = at ? strlen(at) : 0;
	char *found = at ? strstr(text, at) : NULL;

	if (!found)
		return text + strlen(text);
	*found = '\0';
	return found + n;
}

/* Takes it apart in place. False: it is a comment, or nothing of ours. */
static bool parse(char *text, struct line *line)
{
	char *next;

	*line = (struct line){.time = text};
	next = cut(text, " ");
	line->kind = next;
	next = cut(next, " ");
	line->name = next;
	line->text = cut(next, " ");
	line->digits = "";
	if (strcmp(line->kind, "qmp") != 0) {
		char *at = (char *)(uintptr_t)line->text, *last = NULL;

		while ((at = strstr(at, "| ")))
			last = at++;
		if (last) {
			if (last > line->text)
				last[-1] = '\0';
			*last = '\0';
			line->digits = last + 2;
		}
	}
	return isdigit((unsigned char)*text) && *line->name;
}

/* Is it of a channel, block or kind of that name? "control" are all that begin so. */
static bool is_of(const struct line *line, const char *channel)
{
	size_t len = strlen(channel);

	return !channel[0] || !strcmp(line->kind, channel) ||
	       (!strncmp(line->name, channel, len) &&
		strspn(line->name + len, "0123456789") == strlen(line->name + len));
}

static bool is_wanted(const struct ctl *ctl, const struct line *line)
{
	const char *channel = ctl->options[OPT_channel], *command = ctl->options[OPT_command];
	const char *what = strcmp(line->kind, "qmp") ? line->text : line->name;
	char head[64];

	if (channel && !is_of(line, channel))
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)strcspn(what, "(="), what);
	return !command || strcasestr(head, command) ||
	       (!strcmp(line->kind, "cci") && !strncasecmp(line->digits, command, 4) &&
		strlen(command) == 4);
}

/* Good news, bad news, or neither. */
static const char *colour_of(const struct line *line, const char *result)
{
	if (strcmp(line->kind, "cci") != 0)
		return colour(PLAIN);
	if (!strncmp(result, "Success", 7) || !strncmp(result, "Background Command", 18))
		return colour(GREEN);
	return colour(RED);
}

static void print_text(const struct ctl *ctl, const struct line *line)
{
	uint64_t ns = strtoull(line->time, NULL, 10);
	const char *result = strstr(line->text, " = ");
	size_t head = strcspn(line->text, "(={");
	size_t call = result ? (size_t)(result - line->text) : strlen(line->text);
	bool command = !strcmp(line->kind, "cci") || !strcmp(line->kind, "object");

	printf("%s%4llu.%09llu%s %s%-10s%s ", colour(DIM), (unsigned long long)(ns / NS_PER_S),
	       (unsigned long long)(ns % NS_PER_S), colour(PLAIN), colour(BLUE),
	       command ? line->name : line->kind, colour(PLAIN));
	if (!command)
		printf("%s%s%s%s", colour(BOLD), line->name, colour(PLAIN), *line->text ? " " : "");
	head = command ? MIN(head, call) : 0;
	printf("%s%.*s%s%.*s", colour(BOLD), (int)head, line->text, colour(PLAIN),
	       (int)(call - head), line->text + head);
	if (result) {
		size_t len = strcspn(result + 3, "{");

		printf(" = %s%.*s%s%s", colour_of(line, result + 3), (int)len, result + 3,
		       colour(PLAIN), result + 3 + len);
	}
	if (ctl_has(ctl, OPT_digits) && *line->digits)
		printf(" %s| %s%s", colour(DIM), line->digits, colour(PLAIN));
	putchar('\n');
}

static void print_object(const struct line *line)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "time", strtoull(line->time, NULL, 10));
	add_string(object, "kind", line->kind);
	add_string(object, "name", line->name);
	add_string(object, "text", line->text);
	add_string(object, "digits", line->digits);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/* A file may be of anybody: nothing of it must reach a terminal as a control sequence. */
static void show(const struct reader *r, char *text)
{
	struct line line;

	make_printable(text);
	if (!parse(text, &line) || !is_wanted(r->ctl, &line))
		return;
	if (r->ctl->json)
		print_object(&line);
	else
		print_text(r->ctl, &line);
}

/* ---- the file -------------------------------------------------------------------------------- */

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die(REFUSED, "Cannot read %s: %s", path, strerror(errno));
	return file;
}

/* Adds what there is to the line; true: it is whole. */
static bool read_line(struct reader *r)
{
	int c;

	while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
		if (r->cap - r->len < 2) {
			r->cap = MAX(2 * r->cap, 4096u);
			r->buf = xalloc(r->buf, r->cap);
		}
		r->buf[r->len++] = (char)c;
	}
	if (c == EOF || !r->len)
		return c != EOF;
	r->buf[r->len] = '\0';
	return true;
}

static void read_all(struct reader *r)
{
	while (read_line(r)) {
		if (r->len)
			show(r, r->buf);
		r->len = 0;
	}
	clearerr(r->file);
	flush_output();
}

/* Is the file at the path still this one, and no shorter than we have read? */
static bool is_same(const struct reader *r)
{
	struct stat here, there;

	if (stat(r->path, &there) != 0)
		return true; /* it was removed: there may come nothing more, or something */
	return fstat(fileno(r->file), &here) != 0 || !S_ISREG(here.st_mode) ||
	       (here.st_ino == there.st_ino && here.st_dev == there.st_dev &&
		here.st_size >= ftello(r->file));
}

static _Noreturn void follow(struct reader *r)
{
	for (;;) {
		usleep(LOOK_US);
		if (!is_same(r)) {
			fclose(r->file);
			r->file = open_file(r->path);
			r->len = 0;
		}
		read_all(r);
	}
}

/* The file that the device writes. */
static char *ask(struct ctl *ctl)
{
	struct json_object *device;
	char *path;

	if (ctl_has(ctl, OPT_pci))
		ctl_usage(ctl, "A PCI function has no trace: name a FILE");
	device = qmp_call(ctl_link(ctl), "swcxl-query-device", NULL, NULL);
	path = strdup(get_string(device, "trace"));
	json_object_put(device);
	if (!path || !*path)
		die(REFUSED, "The device writes no trace: start it with --trace FILE");
	return path;
}

enum status cmd_trace(struct ctl *ctl)
{
	char *asked = ctl->nargs ? NULL : ask(ctl);
	struct reader r = {.ctl = ctl, .path = asked ? asked : ctl->args[0]};
	char first[16] = "";

	r.file = open_file(r.path);
	if (fread(first, 1, 14, r.file) == 14 && strcmp(first, "# swcxl-trace ") != 0)
		die(REFUSED, "%s is no trace of swcxl", r.path);
	rewind(r.file);
	read_all(&r);
	if (ctl_has(ctl, OPT_follow))
		follow(&r);
	fclose(r.file);
	free(r.buf);
	free(asked);
	return DONE;
}
