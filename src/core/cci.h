/* SPDX-License-Identifier: MIT */
/*
 * Commands: what a handler sees, and the table's columns.
 *
 * A handler does four things: fetch what the command names; check what a row cannot say, each
 * with the code that the specification gives; apply; return. Lengths, channels, media and busy
 * states were checked before, the output is zeroed, and its length is the dispatcher's business.
 */
#ifndef SWCXL_CORE_CCI_H
#define SWCXL_CORE_CCI_H

#include "base/span.h"
#include "core/device.h"
#include "wire/dc.h"
#include "wire/fw.h"
#include "wire/generic.h"
#include "wire/maintenance.h"
#include "wire/memory.h"
#include "wire/security.h"

/* Rules of src/tbl/commands.tbl.h. */
enum command_rule {
	OFF_MAILBOX = 1 << 0,	      /* not on mailboxes: 0015h there, and not in their CEL */
	ON_SECONDARY = 1 << 1,	      /* the secondary mailbox has it: effect bit 7 */
	NEEDS_MEDIA = 1 << 2,	      /* the media must be ready (D-49) */
	NEEDS_LSA = 1 << 3,	      /* there is a label storage area, else 0003h */
	SCAN_RULES = 1 << 4,	      /* --during-scan governs it (D-20, R-2) */
	NEEDS_PARTITIONABLE = 1 << 5, /* there is partitionable capacity, else 0003h */
	NEEDS_UNLOCKED = 1 << 6,      /* persistent memory is not locked, else 0013h */
	NOT_FROZEN = 1 << 7,	      /* security is not frozen, else 0013h */
	DISABLED_TOO = 1 << 8,	      /* NEEDS_MEDIA, but disabled media will do */
	NEEDS_DC = 1 << 9,	      /* there is dynamic capacity, else 0003h */
	NOT_KEPT = 1 << 12,	      /* its effects go with the power, and need no state file */
};

/* What comes with a command beyond its fixed payloads. */
struct call {
	struct swcxl_cci *cci;
	struct span data; /* input behind the input struct */
	struct sink more; /* output behind the output struct */
	size_t out_size;  /* of the output struct: may be lowered, for older forms */
	size_t in_len;	  /* of the whole input */
};

struct command {
	uint16_t opcode, effects, rules;
	uint64_t codes; /* a bit for each return code */
	const char *name, *section, *title;
	uint32_t in_size, in_min, in_tail, out_size;
	bool out_tail;
	enum swcxl_rc (*run)(struct swcxl_dev *dev, struct call *call, const void *in, void *out);
};

#define TAIL UINT32_MAX

/* The rows, in the order of their opcodes. */
extern const struct command commands[];
extern const unsigned commands_count;
/* Every return code that it can give: bits. */
uint64_t command_codes(const struct command *command);
/* Does this device have it? (A row may need something the configuration lacks.) */
bool command_exists(const struct swcxl_dev *dev, const struct command *command);

#define CMD(opcode, name, in, min, tail, out, ...)                                                 \
	enum swcxl_rc cmd_##name(struct swcxl_dev *dev, struct call *call, const struct in *input, \
				 struct out *output);
#include "tbl/commands.tbl.h"

/* Reserved bits of an input are set, or not: may it pass? (D-2: it does, unless --strict.) */
bool reserved_ok(const struct swcxl_dev *dev, bool set);

/* The row of an opcode; NULL: there is none. */
const struct command *command_find(unsigned opcode);
/* Success when the media is ready (D-49), else the code that says why not. */
enum swcxl_rc media_rc(const struct swcxl_dev *dev);

/* A channel of any kind; NULL: no memory. */
struct swcxl_cci *cci_new(struct swcxl_dev *dev, enum channel channel);
/* Every reset, and every new client, drops the cursors (D-8), and payloads that wait for more. */
void cci_drop_cursors(struct swcxl_dev *dev);
/* Channels outlive the host's resets; power is what their limits are lost with. */
void cci_reset(struct swcxl_dev *dev, enum swcxl_reset type);

#endif
