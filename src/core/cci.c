/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher: one path for every channel. It owns every check that a row of the command
 * table can express, in this order: the opcode exists; this channel has it; the payload's length;
 * no background operation in the way; the media; security; then the handler.
 */
#include "core/cci.h"

#include <assert.h>
#include <errno.h>

#include "base/text.h"

/* A thunk per command gives its handler the types of its payloads. */
#define CMD(opcode, name, in, ...)                                                                 \
	static enum swcxl_rc run_##name(struct swcxl_dev *dev, struct call *call, const void *in_, \
					void *out_)                                                \
	{                                                                                          \
		return cmd_##name(dev, call, in_, out_);                                           \
	}
#include "tbl/commands.tbl.h"

const struct command commands[] = {
#define CMD(opcode_, name_, in, min, tail, out, out_tail_, effects_, rules_, codes_, section_, \
	    title_)                                                                            \
	{                                                                                      \
		.opcode = opcode_,                                                             \
		.effects = effects_,                                                           \
		.rules = rules_,                                                               \
		.codes = codes_,                                                               \
		.name = #name_,                                                                \
		.section = section_,                                                           \
		.title = title_,                                                               \
		.in_size = sizeof(struct in),                                                  \
		.in_min = min,                                                                 \
		.in_tail = tail,                                                               \
		.out_size = sizeof(struct out),                                                \
		.out_tail = out_tail_,                                                         \
		.run = run_##name_,                                                            \
	},
#include "tbl/commands.tbl.h"
};
const unsigned commands_count = ARRAY_SIZE(commands);

static const char *const rc_names[] = {
#define RC(code, id, name) [code] = name,
#include "swcxl/rc.tbl.h"
};

const char *swcxl_rc_name(unsigned rc)
{
	return rc < ARRAY_SIZE(rc_names) ? rc_names[rc] : NULL;
}

const struct command *command_find(unsigned opcode)
{
	for (unsigned i = 0; i < commands_count; i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

const char *swcxl_command_name(unsigned opcode)
{
	const struct command *command = command_find(opcode);

	return command ? command->name : NULL;
}

bool command_exists(const struct swcxl_dev *dev, const struct command *command)
{
	return (!(command->rules & NEEDS_LSA) || dev->config.lsa_size) &&
	       (!(command->rules & NEEDS_DC) || dev->dc) &&
	       (!(command->rules & NEEDS_PARTITIONABLE) || dev->config.partitionable_size);
}

uint64_t command_codes(const struct command *c)
{
	const uint64_t media = 1ull << SWCXL_RETRY_REQUIRED | 1ull << SWCXL_INTERNAL_ERROR |
			       (c->rules & DISABLED_TOO ? 0 : 1ull << SWCXL_MEDIA_DISABLED);
	bool optional = c->rules & (NEEDS_LSA | NEEDS_PARTITIONABLE | NEEDS_DC);
	bool everywhere = c->rules & ON_SECONDARY && !(c->rules & OFF_MAILBOX);
	bool busy = c->effects & EFF_BACKGROUND || c->rules & SCAN_RULES;

	return c->codes | 1ull << SWCXL_INVALID_PAYLOAD_LENGTH |
	       1ull << (c->effects & EFF_BACKGROUND ? SWCXL_BACKGROUND_STARTED : SWCXL_SUCCESS) |
	       (optional ? 1ull << SWCXL_UNSUPPORTED : 0) |
	       (everywhere ? 0 : 1ull << SWCXL_UNSUPPORTED_MAILBOX) |
	       (busy ? 1ull << SWCXL_BUSY : 0) | (c->rules & NEEDS_MEDIA ? media : 0) |
	       (c->rules & (NEEDS_UNLOCKED | NOT_FROZEN) ? 1ull << SWCXL_INVALID_SECURITY_STATE
							 : 0);
}

static bool channel_has(const struct swcxl_cci *cci, const struct command *command)
{
	switch (cci->channel) {
	case CHANNEL_PRIMARY:
		return !(command->rules & OFF_MAILBOX);
	case CHANNEL_SECONDARY:
		return command->rules & ON_SECONDARY;
	default: /* the control channel accepts what any other accepts */
		return true;
	}
}

static bool length_ok(const struct swcxl_dev *dev, const struct command *c, size_t len)
{
	size_t max = c->in_tail == TAIL ? dev->config.payload_size : c->in_size + c->in_tail;

	return len >= c->in_min && len <= MIN(max, dev->config.payload_size);
}

enum swcxl_rc media_rc(const struct swcxl_dev *dev)
{
	static const enum swcxl_rc rc[] = {SWCXL_RETRY_REQUIRED, SWCXL_SUCCESS,
					   SWCXL_INTERNAL_ERROR, SWCXL_MEDIA_DISABLED};

	return rc[device_media_status(dev)];
}

/* SECURITY_*: the states in which a command is refused. */
static unsigned security_bars(const struct command *c)
{
	return (c->rules & NEEDS_UNLOCKED ? SECURITY_LOCKED : 0u) |
	       (c->rules & NOT_FROZEN ? SECURITY_FROZEN : 0u);
}

static enum swcxl_rc check(const struct swcxl_cci *cci, const struct command *c, size_t in_len)
{
	const struct swcxl_dev *dev = cci->dev;
	enum swcxl_rc rc;

	if (!c || !command_exists(dev, c))
		return SWCXL_UNSUPPORTED;
	if (!channel_has(cci, c))
		return SWCXL_UNSUPPORTED_MAILBOX;
	if (!length_ok(dev, c, in_len))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (c->effects & EFF_BACKGROUND && dev->background.running)
		return SWCXL_BUSY;
	if (c->rules & SCAN_RULES && dev->scan.running &&
	    dev->config.during_scan == SWCXL_DURING_SCAN_BUSY)
		return SWCXL_BUSY;
	if (dev->unwritable && c->effects && !(c->rules & NOT_KEPT))
		return SWCXL_INTERNAL_ERROR;
	rc = c->rules & NEEDS_MEDIA ? media_rc(dev) : SWCXL_SUCCESS;
	if (rc && !(rc == SWCXL_MEDIA_DISABLED && c->rules & DISABLED_TOO))
		return rc;
	if (security_state(dev) & security_bars(c))
		return SWCXL_INVALID_SECURITY_STATE;
	return SWCXL_SUCCESS;
}

/* The largest input struct, for the zeros behind a short one. */
union any_input {
#define CMD(opcode, name, in, ...) struct in name;
#include "tbl/commands.tbl.h"
};

static enum swcxl_rc run(struct swcxl_cci *cci, const struct command *c, const void *in,
			 size_t in_len, uint8_t *out, size_t *out_len)
{
	struct swcxl_dev *dev = cci->dev;
	size_t head = MIN(in_len, c->in_size);
	struct call call = {
		.cci = cci,
		.data = {in ? (const uint8_t *)in + head : NULL, in_len - head},
		.more = {out + c->out_size, 0, c->out_tail ? cci->limit - c->out_size : 0},
		.out_size = c->out_size,
		.in_len = in_len,
	};
	union any_input input;
	enum swcxl_rc rc;

	assert(in || !in_len);
	memset(&input, 0, sizeof(input));
	if (head)
		memcpy(&input, in, head);
	memset(out, 0, c->out_size);
	rc = c->run(dev, &call, &input, out);
	if (rc == SWCXL_SUCCESS)
		*out_len = call.out_size + call.more.len;
	return rc;
}

bool reserved_ok(const struct swcxl_dev *dev, bool set)
{
	if (set)
		device_log(dev, SWCXL_LOG_DEBUG,
			   dev->config.strict ? "reserved bits are set: refused"
					      : "reserved bits are set: ignored");
	return !set || !dev->config.strict;
}

/* A mailbox may claim more input than it has: nothing beyond the payload size is ever read. */
enum swcxl_rc swcxl_execute(struct swcxl_cci *cci, unsigned opcode, const void *in, size_t in_len,
			    void *out, size_t *out_len)
{
	struct swcxl_dev *dev = cci->dev;
	const struct command *c = command_find(opcode);
	enum swcxl_rc rc;
	uint64_t value;

	*out_len = 0;
	cci->used = true;
	dc_before_command(cci, opcode);
	if (fault_hits(dev, SWCXL_FAULT_RETURN_CODE, opcode, &value)) {
		rc = (enum swcxl_rc)value;
	} else {
		rc = check(cci, c, in_len);
		if (rc == SWCXL_SUCCESS)
			rc = run(cci, c, in, in_len, out, out_len);
	}
	dc_after_command(cci, rc);
	if (rc == SWCXL_SUCCESS && fault_hits(dev, SWCXL_FAULT_SHORT_REPLY, opcode, &value))
		*out_len = MIN(*out_len, value);
	dev->counters.commands++;
	dev->counters.refused += rc > SWCXL_BACKGROUND_STARTED;
	debug_command(cci, opcode, rc);
	if (dev->host.trace)
		dev->host.trace(dev->host.ctx,
				&(struct swcxl_trace){
					.now_ns = dev->now_ns,
					.channel = cci->name,
					.opcode = opcode,
					.name = c ? c->name : NULL,
					.in = in,
					.in_len = MIN(in_len, dev->config.payload_size),
					.in_claimed = in_len,
					.rc = rc,
					.out = out,
					.out_len = *out_len,
				});
	return rc;
}

/* ---- channels ---- */

/*
 * Control channels are numbered in the order of their making, so that a trace can tell whose
 * cursors a command moved.
 */
static void name_channel(struct swcxl_cci *cci)
{
	static const char *const names[] = {"primary", "secondary", "control"};
	unsigned n = cci->channel == CHANNEL_CONTROL ? ++cci->dev->control_channels : 0;
	struct text name = {.p = cci->name, .cap = sizeof(cci->name) - 1};

	text_str(&name, names[cci->channel]);
	if (n)
		text_dec(&name, n);
	name.p[name.len] = '\0';
}

struct swcxl_cci *cci_new(struct swcxl_dev *dev, enum channel channel)
{
	struct swcxl_cci *cci = mem_zalloc(&dev->mem, sizeof(*cci));

	if (!cci)
		return NULL;
	*cci = (struct swcxl_cci){
		.dev = dev,
		.channel = channel,
		.limit = dev->config.payload_size,
		.next = dev->ccis,
	};
	name_channel(cci);
	dev->ccis = cci;
	return cci;
}

struct swcxl_cci *swcxl_cci_new(struct swcxl_dev *dev)
{
	return cci_new(dev, CHANNEL_CONTROL);
}

void swcxl_cci_free(struct swcxl_cci *cci)
{
	struct swcxl_cci **link;

	if (!cci)
		return;
	if (cci->used && cci->channel == CHANNEL_CONTROL)
		device_trace(cci->dev, SWCXL_TRACE_GONE, cci->name, 0, NULL, 0);
	for (link = &cci->dev->ccis; *link != cci; link = &(*link)->next)
		;
	*link = cci->next;
	background_disown(cci);
	fw_disown(cci);
	features_disown(cci);
	mem_free(&cci->dev->mem, cci->answer);
	mem_free(&cci->dev->mem, cci);
}

void cci_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	if (type != SWCXL_RESET_COLD)
		return;
	for (struct swcxl_cci *cci = dev->ccis; cci; cci = cci->next)
		cci->limit = dev->config.payload_size;
}

void cci_drop_cursors(struct swcxl_dev *dev)
{
	for (struct swcxl_cci *cci = dev->ccis; cci; cci = cci->next) {
		cci->list.active = false;
		cci->results_next = 0;
		cci->csd_seen = 0;
		if (cci->answer)
			cci->answer->opcode = 0;
	}
}
