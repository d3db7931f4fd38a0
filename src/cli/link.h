/* SPDX-License-Identifier: MIT */
/*
 * The way to a device. Two kinds: the control socket of an swcxl process (qmp.c), and the
 * mailboxes of a PCI function (pci.c). Commands of the specification work over both and do not
 * care which; what only a control socket can do is below.
 *
 * A link that fails ends the program with NO_CONNECTION: callers see working links only.
 */
#ifndef SWCXL_CLI_LINK_H
#define SWCXL_CLI_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct link;

/* The answer to a command; p is valid until the next one on the same link. */
struct reply {
	unsigned rc;
	const uint8_t *p;
	size_t len;
};

/* The last or running background operation; opcode 0: there was none since the last reset. */
struct background {
	bool running;
	unsigned opcode, percent, rc;
};

struct link_ops {
	struct reply (*execute)(struct link *link, unsigned opcode, const void *in, size_t len);
	void (*background)(struct link *link, struct background *background);
	/* Keeps other swcxlctl processes away between several commands that belong together. */
	void (*hold)(struct link *link, bool hold);
	void (*close)(struct link *link);
};

struct link {
	const struct link_ops *ops;
	/* List and result cursors are shared with other users of the device, who may have left
	 * them half-way. */
	bool shared;
	size_t payload; /* bytes that a command may take or give */
};

/* origin is for messages: where the path is from. */
struct link *qmp_open(const char *path, const char *origin);
struct link *pci_open(const char *bdf);
/* "35:00.0" as "0000:35:00.0"; false when it is no address of a PCI function. */
bool pci_normalise(const char *text, char bdf[static 16]);

static inline struct reply link_execute(struct link *link, unsigned opcode, const void *in,
					size_t len)
{
	return link->ops->execute(link, opcode, in, len);
}

static inline void link_background(struct link *link, struct background *background)
{
	link->ops->background(link, background);
}

static inline void link_hold(struct link *link, bool hold)
{
	if (link->ops->hold)
		link->ops->hold(link, hold);
}

static inline void link_close(struct link *link)
{
	link->ops->close(link);
}

/* ---- control socket only ---- */

bool link_is_qmp(const struct link *link);

/* Executes a QMP command (args may be NULL; consumed) and returns what it returns, an object, which
 * the caller puts. An error is REFUSED; `what` names the context in its text, or NULL. */
struct json_object *qmp_call(struct link *link, const char *command, struct json_object *args,
			     const char *what);
/* The same for a command that returns an array. What is in either may be of any type. */
struct json_object *qmp_call_list(struct link *link, const char *command, struct json_object *args);

/* The next event by that name that has come or comes within timeout_ms (< 0: for ever), which the
 * caller puts, or NULL. Events by other names are dropped. */
struct json_object *qmp_wait(struct link *link, const char *event, int64_t timeout_ms);

/* ---- PCI function only ---- */

/* Takes the primary mailbox for this process alone: from now on every command goes through it as
 * a driver would send it. Ends the program when a driver is bound. */
void pci_take(struct link *link);

/* A clock that never jumps. */
int64_t now_ms(void);
int64_t now_ns(void);

#endif
