/* SPDX-License-Identifier: MIT */
/*
 * A connection to a control socket: JSON objects, one a line, each way. Once it is open nothing
 * here waits: who wants to waits for the descriptor. What went wrong is a code, which the caller
 * makes words of.
 */
#ifndef SWCXL_CLIENT_CONN_H
#define SWCXL_CLIENT_CONN_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum conn_status {
	CONN_OK,
	CONN_WAIT,     /* nothing came yet, or not all could be sent */
	CONN_CLOSED,   /* by the other side */
	CONN_ERROR,    /* of the system: conn->error */
	CONN_NO_LINES, /* what comes has no ends of lines */
	CONN_NO_JSON,  /* a line is no object */
	CONN_NO_MEMORY,
};

struct conn {
	int fd; /* < 0: none */
	int error;
	char *in; /* what was received and not yet taken */
	size_t len, cap;
	size_t searched; /* no end of line before this */
	char *out;	 /* what was not sent yet */
	size_t unsent;
};

/* False: conn->error says why; ENAMETOOLONG is about the path. wait: until the other side has room
 * for one more, otherwise that is EAGAIN; and a second for a device that is being started. */
bool conn_open(struct conn *conn, const char *path, bool wait);
void conn_close(struct conn *conn); /* also one that is not open, if it is zeroed with fd -1 */

/* The longest path of a socket. */
size_t conn_path_len(void);

/* Takes an object, and sends as much as it can of all that is to be sent. */
enum conn_status conn_send(struct conn *conn, struct json_object *object);
enum conn_status conn_flush(struct conn *conn);

/* CONN_OK: *object is the next one. It is looked for in what is there first, then read once. */
enum conn_status conn_receive(struct conn *conn, struct json_object **object);

#endif
