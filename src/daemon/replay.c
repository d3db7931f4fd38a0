// SPDX-License-Identifier: MIT
/*
 * A replay makes a trace of its own, and the two have to be the same. So whatever a line tells, a
 * reply as well as what a write has led to, is compared without a word about it here: this file
 * only has to do what a line says that was done, through the same doors.
 *
 * Lines come from the device in a queue. A line of the file is done if the queue is empty; then it
 * has to be equal to the first one of the queue. A line that something else has caused (a data
 * object) finds itself in the queue.
 */
#include "daemon/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/le.h"
#include "base/util.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/replay_line.h"
#include "daemon/sandbox.h"
#include "daemon/trace.h"
#include "front/qmp/qmp.h"
#include "loop/loop.h"
#include "state/state.h"
#include "wire/registers.h"

/* Numbers of control channels: all below the one that a line names are made. Weeks of clients. */
#define CHANNEL_NUMBER_MAX (1u << 20)

enum { SAME, DIFFERENT, CANNOT };

/* A control channel of the trace. */
struct channel {
	unsigned number;
	struct swcxl_cci *cci;
	struct channel *next;
};

struct replay {
	const char *path;
	FILE *file;
	unsigned line;
	char *header; /* that options point into */
	struct options options;
	struct loop *loop;
	struct state *state;
	struct swcxl_dev *dev;
	struct qmp_offline *qmp;
	struct channel *channels;
	unsigned numbered; /* control channels that there have been */
	uint8_t *out;
	/* Lines that the device has made and the file has not had. */
	struct made {
		char *text;
		struct made *next;
	} * made, **made_end;
};

static int cannot(const struct replay *r, const char *why)
{
	log_line(SWCXL_LOG_ERR, "%s:%u: cannot be replayed: %s", r->path, r->line, why);
	return CANNOT;
}

/* ---- what comes of it ------------------------------------------------------------------------ */

static void push(struct replay *r, char *text)
{
	struct made *made = malloc(sizeof(*made));

	if (!made)
		abort(); /* of a program that compares, nothing is left to be saved */
	*made = (struct made){text, NULL};
	*(r->made ? r->made_end : &r->made) = made;
	r->made_end = &made->next;
}

static void pop(struct replay *r)
{
	struct made *made = r->made;

	r->made = made->next;
	free(made->text);
	free(made);
}

/* The number that a control channel has in the trace: ours begin with that of r->qmp. */
static const char *renamed(const struct swcxl_trace *t, char name[static 24])
{
	if (strncmp(t->channel, "control", 7) != 0)
		return t->channel;
	snprintf(name, 24, "control%lu", strtoul(t->channel + 7, NULL, 10) - 1);
	return name;
}

static void on_trace(void *ctx, const struct swcxl_trace *t)
{
	struct swcxl_trace copy = *t;
	struct replay *r = ctx;
	char name[24], *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		abort();
	copy.channel = renamed(t, name);
	trace_print(file, &copy);
	fclose(file);
	push(r, text);
}

static void on_qmp_trace(void *ctx, const char *command, const char *arguments, const char *ret)
{
	struct replay *r = ctx;
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		abort();
	trace_print_qmp(file, swcxl_now(r->dev), command, arguments, ret);
	fclose(file);
	push(r, text);
}

/* ---- doing what a line says ------------------------------------------------------------------ */

static struct channel **find_channel(struct replay *r, unsigned number)
{
	struct channel **link = &r->channels;

	while (*link && (*link)->number != number)
		link = &(*link)->next;
	return link;
}

/* The channel of that number, made when it is first used: those before it made no difference. */
static struct channel *open_channel(struct replay *r, unsigned number)
{
	struct channel *channel = *find_channel(r, number);
	struct swcxl_cci *cci = NULL;

	if (channel || number <= r->numbered)
		return channel;
	while (r->numbered < number) {
		swcxl_cci_free(cci);
		cci = swcxl_cci_new(r->dev);
		r->numbered++;
	}
	channel = malloc(sizeof(*channel));
	if (!cci || !channel)
		abort();
	*channel = (struct channel){number, cci, r->channels};
	r->channels = channel;
	return channel;
}

static bool channel_number(const char *name, unsigned *number)
{
	unsigned long value;
	char *end;

	if (strncmp(name, "control", 7) != 0)
		return false;
	value = strtoul(name + 7, &end, 10);
	*number = (unsigned)value;
	return value && value <= CHANNEL_NUMBER_MAX && !*end;
}

static const char *do_gone(struct replay *r, const struct replay_line *line)
{
	struct channel **link, *channel;
	unsigned number;

	if (!channel_number(line->channel, &number) || !*(link = find_channel(r, number)))
		return "there is no such channel";
	channel = *link;
	*link = channel->next;
	swcxl_cci_free(channel->cci);
	free(channel);
	return NULL;
}

/* As a guest does it: payload, command, doorbell. */
static void ring(struct replay *r, enum swcxl_mailbox mailbox, const struct replay_line *line)
{
	uint64_t payload = swcxl_payload_offset(r->dev, mailbox);
	uint8_t command[8], control[4];

	le_store(command, sizeof(command), line->number | line->in_claimed << 16);
	le_store(control, sizeof(control), MBOX_CONTROL_DOORBELL);
	swcxl_bar_write(r->dev, SWCXL_BAR_DEVICE, payload, line->in, (uint32_t)line->in_len);
	swcxl_bar_write(r->dev, SWCXL_BAR_DEVICE, payload - MBOX_PAYLOAD + MBOX_COMMAND, command,
			sizeof(command));
	swcxl_bar_write(r->dev, SWCXL_BAR_DEVICE, payload - MBOX_PAYLOAD + MBOX_CONTROL, control,
			sizeof(control));
}

static const char *do_cci(struct replay *r, const struct replay_line *line)
{
	size_t payload = r->options.config.payload_size, out_len;
	struct channel *channel;
	unsigned number;

	if (line->in_len > payload)
		return "it has more input than a payload holds";
	if (line->in_claimed != line->in_len && (line->in_len < payload || line->in_claimed >> 32))
		return "it claims more input than there is";
	if (!strcmp(line->channel, "primary")) {
		ring(r, SWCXL_MAILBOX_PRIMARY, line);
	} else if (!strcmp(line->channel, "secondary")) {
		ring(r, SWCXL_MAILBOX_SECONDARY, line);
	} else {
		channel = channel_number(line->channel, &number) ? open_channel(r, number) : NULL;
		if (!channel)
			return "there is no such channel";
		swcxl_execute(channel->cci, (unsigned)line->number, line->in, line->in_claimed,
			      r->out, &out_len);
	}
	return NULL;
}

static const char *do_write(struct replay *r, const struct replay_line *line)
{
	uint32_t len = (uint32_t)MIN(line->in_len, MiB);

	if (!strcmp(line->channel, "config"))
		swcxl_config_write(r->dev, (uint32_t)line->number, line->in, len);
	else if (!strcmp(line->channel, "component"))
		swcxl_bar_write(r->dev, SWCXL_BAR_COMPONENT, line->number, line->in, len);
	else if (!strcmp(line->channel, "device"))
		swcxl_bar_write(r->dev, SWCXL_BAR_DEVICE, line->number, line->in, len);
	else
		return "there are no such registers";
	return NULL;
}

static const char *do_reset(struct replay *r, const struct replay_line *line)
{
	if (strcmp(line->channel, "attach") != 0)
		return "there is no such reset";
	swcxl_reset(r->dev, SWCXL_RESET_ATTACH);
	return NULL;
}

static const char *do_qmp(struct replay *r, const struct replay_line *line)
{
	char *request;

	if (strpbrk(line->channel, "\"\\")) /* it would be another request */
		return "there is no such command";
	if (asprintf(&request, "{\"execute\": \"%s\", \"arguments\": %s}", line->channel,
		     line->arguments) < 0)
		abort();
	qmp_offline_execute(r->qmp, request);
	free(request);
	return NULL;
}

static const char *do_line(struct replay *r, const struct replay_line *line)
{
	static const struct {
		const char *kind;
		const char *(*run)(struct replay *r, const struct replay_line *line);
	} kinds[] = {{"cci", do_cci},
		     {"write", do_write},
		     {"reset", do_reset},
		     {"gone", do_gone},
		     {"qmp", do_qmp}};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(line->kind, kinds[i].kind))
			return kinds[i].run(r, line);
	return NULL; /* a data object: there only is one if something has caused it */
}

/* ---- the file -------------------------------------------------------------------------------- */

static int different(const struct replay *r, const char *expected)
{
	char *where;

	if (asprintf(&where, "%s:%u", r->path, r->line) < 0)
		abort();
	replay_line_differ(where, expected, r->made ? r->made->text : NULL);
	free(where);
	return DIFFERENT;
}

static int replay_one(struct replay *r, const char *text, char *scratch)
{
	struct replay_line line;
	const char *why;
	bool ok;

	strcpy(scratch, text);
	why = replay_line_parse(scratch, &line);
	if (!why && line.time < swcxl_now(r->dev))
		why = "its time is before that of the line above";
	if (why)
		return cannot(r, why);
	if (!r->made) {
		loop_step(r->loop, line.time - swcxl_now(r->dev), &ok);
		why = do_line(r, &line);
	}
	if (why)
		return cannot(r, why);
	if (!r->made || !replay_line_same(text, r->made->text))
		return different(r, text);
	pop(r);
	return SAME;
}

/* A file may be of anybody: nothing of it must reach a terminal as a control sequence. */
static bool is_control(const char *c)
{
	unsigned char byte = (unsigned char)c[0], next = (unsigned char)c[1];

	return byte < ' ' || byte == 0x7f || (byte == 0xc2 && next < 0xa0);
}

/* The next line, without its end; false: there is none. The last one of a trace may be cut where
 * its writer was killed, or its disk was full. */
static bool next_line(struct replay *r, char **text, size_t *cap)
{
	ssize_t len = getline(text, cap, r->file);

	if (len <= 0 || (*text)[len - 1] != '\n')
		return false;
	(*text)[len - 1] = '\0';
	for (char *c = *text; *c; c++)
		if (is_control(c))
			*c = '?';
	r->line++;
	return true;
}

static int replay_lines(struct replay *r, char *text, size_t cap)
{
	char *scratch = NULL;
	size_t room = 0;
	int status = SAME;

	do {
		if (room < cap) {
			room = cap;
			free(scratch);
			scratch = malloc(room);
		}
		if (!scratch)
			abort();
		status = !*text || *text == '#' ? SAME : replay_one(r, text, scratch);
	} while (status == SAME && next_line(r, &text, &cap));
	free(scratch);
	free(text);
	return status;
}

/* ---- life ------------------------------------------------------------------------------------ */

/* The options of the header, and then those of the command line. A header makes a device and does
 * nothing else: no file that it names is opened. */
static int parse_options(struct replay *r, const char *header, int argc, char **argv)
{
	const char *version = "?";
	size_t words = 0;
	char **args;
	int n = 0, status = SAME;

	r->header = strdup(header);
	for (const char *c = header; *c; c++)
		words += *c == ' ';
	args = calloc(words + (size_t)argc + 1, sizeof(*args));
	if (!args || !r->header)
		abort();
	args[n++] = argv[0];
	for (char *w = strtok(r->header, " "); w; w = strtok(NULL, " ")) {
		if (strncmp(w, "--", 2) != 0)
			version = w; /* the last word before the options */
		else if (options_in_trace(w))
			args[n++] = w;
		else
			status = CANNOT;
	}
	for (int i = 1; i < argc; i++)
		args[n++] = argv[i];
	if (status == SAME)
		status = options_parse(&r->options, n, args);
	free(args);
	if (status == OPTIONS_GO)
		return SAME;
	log_line(SWCXL_LOG_ERR,
		 "%s is a trace of swcxl %s, whose options this swcxl %s does not "
		 "take",
		 r->path, version, SWCXL_VERSION);
	return CANNOT;
}

static void on_log(void *ctx, enum swcxl_log_level level, const char *text)
{
	(void)ctx;
	log_line(level, "%s", text);
}

static void *on_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

static int make_device(struct replay *r)
{
	const struct swcxl_host host = {
		.ctx = r, .realloc = on_realloc, .log = on_log, .trace = on_trace};
	const struct qmp_host qmp_host = {.ctx = r, .name = r->options.name, .trace = on_qmp_trace};

	if (swcxl_new(&r->options.config, &host, &r->dev))
		return cannot(r, "the device cannot be made");
	if (r->state && !state_load(r->state, r->dev))
		return CANNOT;
	if (r->state)
		swcxl_reset(r->dev, SWCXL_RESET_COLD);
	r->loop = loop_new(true);
	if (!r->loop)
		return cannot(r, "there is no event loop to be had");
	loop_attach(r->loop, r->dev);
	r->qmp = qmp_offline_new(r->loop, r->dev, &qmp_host);
	r->out = malloc(r->options.config.payload_size);
	return r->qmp && r->out ? SAME : cannot(r, "there is not enough memory");
}

/* A trace that begins with what was in a state file needs that file as it was then. */
static int open_state(struct replay *r, const char *text)
{
	const struct state_host host = {.log = on_log};
	bool needed = strncmp(text, TRACE_STATE, strlen(TRACE_STATE)) == 0;

	if (needed && !r->options.state) {
		log_line(SWCXL_LOG_ERR,
			 "%s begins with what was in the state file %s: replaying it takes that "
			 "file, as it was then (a copy of it, with --state)",
			 r->path, text + strlen(TRACE_STATE));
		return CANNOT;
	}
	if (!needed && r->options.state)
		return cannot(r, "it begins without a state file, so there is none to be given");
	if (!needed)
		return SAME;
	r->state = state_open(r->options.state, &r->options.config, false, &host);
	return r->state ? SAME : CANNOT;
}

static int run(struct replay *r, int argc, char **argv)
{
	const int keep[] = {fileno(r->file)};
	struct sandbox sandbox = {0};
	unsigned format = 0;
	char *text = NULL;
	size_t cap = 0;
	int status = SAME;

	if (!next_line(r, &text, &cap) || sscanf(text, "# swcxl-trace %u swcxl ", &format) != 1)
		status = cannot(r, "it is no trace of swcxl");
	else if (format != TRACE_FORMAT)
		status = cannot(r, format < TRACE_FORMAT
					   ? "its format is older than this program's"
					   : "its format is newer than this program's");
	if (status == SAME)
		status = parse_options(r, text, argc, argv);
	if (status == SAME && !next_line(r, &text, &cap))
		*text = '\0';
	sandbox.mode = r->options.sandbox;
	if (status == SAME && !sandbox_begin(sandbox.mode, keep, ARRAY_SIZE(keep)))
		status = CANNOT;
	if (status == SAME)
		status = open_state(r, text);
	if (status == SAME)
		status = make_device(r);
	if (status == SAME && !sandbox_enter(&sandbox))
		status = CANNOT;
	if (status == SAME)
		return replay_lines(r, text, cap);
	free(text);
	return status;
}

static void tear_down(struct replay *r)
{
	for (struct channel *channel = r->channels, *next; channel; channel = next) {
		next = channel->next;
		swcxl_cci_free(channel->cci);
		free(channel);
	}
	qmp_offline_free(r->qmp);
	loop_free(r->loop);
	swcxl_free(r->dev);
	state_close(r->state);
	while (r->made)
		pop(r);
	free(r->out);
	free(r->header);
	fclose(r->file);
}

int replay(const char *path, int argc, char **argv)
{
	struct replay r = {.path = path, .file = fopen(path, "re")};
	int status;

	if (!r.file) {
		log_line(SWCXL_LOG_ERR, "cannot read the trace %s: %s", path, strerror(errno));
		return CANNOT;
	}
	status = run(&r, argc, argv);
	if (status == SAME)
		printf("%s: %u lines, and the same came of them.\n", path, r.line);
	tear_down(&r);
	return status;
}
