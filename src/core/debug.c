/* SPDX-License-Identifier: MIT */
/*
 * The Vendor Debug log (CXL r3.2 8.2.10.5.2.2): lines of text with the time since the device was
 * made, in seconds: what the device did by itself, the commands that it refused, resets.
 *
 *	[12.000000500] control1 4301 inject_poison: Invalid Physical Address, 3 times
 *
 * Lines follow each other from the start; the rest is NUL. When it is full the older half goes, so
 * what a host reads in parts seldom moves under its hands. A line that would say what the last one
 * says counts that up. The log outlives all resets but a cold one.
 */
#include "base/text.h"
#include "core/cci.h"

void debug_clear(struct swcxl_dev *dev)
{
	memset(&dev->debug, 0, sizeof(dev->debug));
}

/* The older half goes, in whole lines. */
static void make_room(struct debug_log *log)
{
	uint32_t from = DEBUG_LOG_SIZE / 2;

	while (log->text[from - 1] != '\n')
		from++;
	log->len -= from;
	memmove(log->text, log->text + from, log->len);
	memset(log->text + log->len, 0, DEBUG_LOG_SIZE - log->len);
}

static void write_line(struct swcxl_dev *dev)
{
	struct debug_log *log = &dev->debug;
	char line[DEBUG_LINE_MAX + 64];
	struct text text = {line, 0, sizeof(line)};

	text_str(&text, "[");
	text_dec(&text, dev->now_ns / NS_PER_S);
	text_str(&text, ".");
	text_number(&text, dev->now_ns % NS_PER_S, 10, 9);
	text_str(&text, "] ");
	text_add(&text, log->what, log->what_len);
	if (log->times > 1) {
		text_str(&text, ", ");
		text_dec(&text, log->times);
		text_str(&text, " times");
	}
	text_str(&text, "\n");
	if (text.len > DEBUG_LOG_SIZE - log->len)
		make_room(log);
	memcpy(log->text + log->len, line, text.len);
	log->last = log->len;
	log->len += (uint32_t)text.len;
}

static void add(struct swcxl_dev *dev, const struct text *what)
{
	struct debug_log *log = &dev->debug;

	if (log->times && log->what_len == what->len &&
	    memcmp(log->what, what->p, what->len) == 0) {
		memset(log->text + log->last, 0, log->len - log->last);
		log->len = log->last;
	} else {
		memcpy(log->what, what->p, what->len);
		log->what_len = (uint32_t)what->len;
		log->times = 0;
	}
	log->times += log->times < UINT32_MAX;
	write_line(dev);
}

/* ---- what lines say ---- */

#define LINE(name)                    \
	char name##_[DEBUG_LINE_MAX]; \
	struct text name = {name##_, 0, sizeof(name##_)}

void debug_note(struct swcxl_dev *dev, const char *what)
{
	LINE(line);

	text_str(&line, what);
	add(dev, &line);
}

static void text_command(struct text *text, unsigned opcode)
{
	const char *name = swcxl_command_name(opcode);

	text_hex(text, opcode, 4);
	if (name) {
		text_str(text, " ");
		text_str(text, name);
	}
	text_str(text, ": ");
}

static void text_rc(struct text *text, enum swcxl_rc rc)
{
	const char *name = swcxl_rc_name(rc);

	if (name)
		text_str(text, name);
	else
		text_hex(text, rc, 4);
}

void debug_command(const struct swcxl_cci *cci, unsigned opcode, enum swcxl_rc rc)
{
	LINE(line);

	if (rc == SWCXL_SUCCESS || rc == SWCXL_BACKGROUND_STARTED)
		return;
	text_str(&line, cci->name);
	text_str(&line, " ");
	text_command(&line, opcode);
	text_rc(&line, rc);
	add(cci->dev, &line);
}

static void text_background(struct text *text, const struct swcxl_notice *notice)
{
	text_str(text, "background ");
	text_command(text, notice->opcode);
	if (notice->kind == SWCXL_NOTICE_BACKGROUND_STARTED) {
		text_str(text, "started");
		return;
	}
	text_rc(text, notice->rc);
	text_str(text, " at ");
	text_dec(text, notice->percent);
	text_str(text, " %");
}

static void text_extent(struct text *text, const struct swcxl_notice *notice)
{
	static const char *const changes[] = {
		[SWCXL_DC_ACCEPTED] = "accepted: ",
		[SWCXL_DC_REFUSED] = "refused: ",
		[SWCXL_DC_OFFER_TIMED_OUT] = "offer timed out: ",
		[SWCXL_DC_RELEASED] = "released: ",
		[SWCXL_DC_REQUEST_TIMED_OUT] = "request timed out: ",
	};

	text_str(text, "dynamic capacity ");
	text_str(text, changes[notice->change]);
	text_hex(text, notice->extent.start, 1);
	text_str(text, ", length ");
	text_hex(text, notice->extent.length, 1);
}

void debug_news(struct swcxl_dev *dev, const struct swcxl_notice *notice)
{
	static const char *const logs[] = {"informational", "warning", "failure", "fatal",
					   "dynamic capacity"};
	_Static_assert(ARRAY_SIZE(logs) == SWCXL_LOGS, "a name for each log");
	LINE(line);

	switch (notice->kind) {
	case SWCXL_NOTICE_OVERFLOW:
		text_str(&line, "poison list: overflow");
		break;
	case SWCXL_NOTICE_BACKGROUND_STARTED:
	case SWCXL_NOTICE_BACKGROUND_COMPLETED:
		text_background(&line, notice);
		break;
	case SWCXL_NOTICE_EVENT_RECORD:
		text_str(&line, "events: the log is no longer empty: ");
		text_str(&line, logs[notice->log]);
		text_str(&line, ", handle ");
		text_dec(&line, notice->handle);
		break;
	case SWCXL_NOTICE_DC_EXTENT:
		text_extent(&line, notice);
		break;
	case SWCXL_NOTICES:
		return;
	}
	add(dev, &line);
}

void debug_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	static const char *const names[] = {
		[SWCXL_RESET_CONVENTIONAL] = "reset: conventional",
		[SWCXL_RESET_CXL] = "reset: CXL",
		[SWCXL_RESET_ATTACH] = "reset: attach",
		[SWCXL_RESET_COLD] = "reset: cold",
		[SWCXL_RESET_FUNCTION] = "reset: function",
	};

	if (type == SWCXL_RESET_COLD)
		debug_clear(dev);
	debug_note(dev, names[type]);
}
