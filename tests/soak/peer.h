/* SPDX-License-Identifier: MIT */
/*
 * A process of swcxl with a state file, and the two ways to it: a control client, which hears
 * events, and a guest with both mailboxes. Whatever goes wrong on the way fails the test.
 */
#ifndef SWCXL_TESTS_SOAK_PEER_H
#define SWCXL_TESTS_SOAK_PEER_H

#include <json-c/json.h>
#include <stdio.h>
#include <sys/types.h>

#include "swcxl/swcxl.h"

#define PEER_VECTORS SWCXL_MSIX_VECTORS

struct peer {
	char dir[64];
	char *argv[96];
	pid_t pid;
	FILE *qmp; /* what comes; it goes by its descriptor */
	char *line;
	size_t line_size;
	char error[256]; /* of the last answer: its description */
	void (*hear)(const char *event, struct json_object *data);
	int guest; /* the vfio-user socket */
	int vector[PEER_VECTORS];
	uint8_t *payload[SWCXL_MAILBOXES];     /* where it is mapped; NULL: by messages */
	uint64_t commands, accesses, requests; /* done so far */
};

/* How a device of this configuration is made: a directory, its command line. */
void peer_make(struct peer *p, const struct swcxl_config *config);
void peer_start(struct peer *p);
/* By a signal that it has to end by; the state file stays. */
void peer_end(struct peer *p, int signal);
/* And now it goes too. */
void peer_drop(struct peer *p);

/* What a command returns, which the caller puts; NULL: p->error. args is consumed. */
struct json_object *peer_qmp(struct peer *p, const char *command, struct json_object *args);
/* Nobody waits for what it returns: the process ends next. */
void peer_request(struct peer *p, const char *command, struct json_object *args);
/* A client with something to say that is no request, and who does not wait for an answer. */
void peer_intrude(struct peer *p, const void *text, size_t len);

/* The guest comes: with memory for its payloads, or without. */
void peer_attach(struct peer *p, bool mapped);
void peer_detach(struct peer *p);
void peer_read(struct peer *p, unsigned region, uint64_t offset, void *buf, uint32_t len);
void peer_write(struct peer *p, unsigned region, uint64_t offset, const void *buf, uint32_t len);
/* A command by a mailbox; returns its code. */
unsigned peer_command(struct peer *p, unsigned box, unsigned opcode, const void *in, size_t in_len,
		      uint8_t *out, size_t *out_len);

struct peer_size {
	unsigned long rss; /* KiB */
	unsigned fds;
};
struct peer_size peer_size(const struct peer *p);

#endif
