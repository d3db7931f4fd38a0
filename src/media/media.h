/* SPDX-License-Identifier: MIT */
/*
 * What is true of the media: which lines are poisoned, and what data the lines hold. It knows
 * nothing of lists, limits, scans or commands.
 *
 * A line's poison attribute is SWCXL_ATTR_POISON with its source, known and permanent bits, or 0
 * for a clean line. Content is sparse: lines that were never written, or hold zeros, cost nothing.
 */
#ifndef SWCXL_MEDIA_H
#define SWCXL_MEDIA_H

#include "base/btree.h"
#include "base/ranges.h"

struct media {
	struct ranges poison;
	struct btree content;		  /* line -> 64 bytes */
	uint64_t poisoned, injected;	  /* lines; injected: of source injected (D-13, Q-6) */
	uint64_t latent, permanent;	  /* lines: not known yet; known, and cannot be cleared */
	uint64_t ranges_max, content_max; /* entries; lines */
	bool reserved;			  /* for many changes that follow */
	/* A stretch of lines has this attribute now (0: clean). May be NULL. */
	void (*changed)(void *ctx, uint64_t start, uint64_t len, uint8_t attr);
	void *ctx;
};

void media_init(struct media *media, const struct mem *mem, struct bounds bounds);
void media_fini(struct media *media);

/* Attribute of a line. */
uint8_t media_attr(const struct media *media, uint64_t line);

/*
 * What a line's attribute becomes, from what it was. Called with each piece of the range in turn,
 * clean ones included.
 */
typedef uint8_t media_fn(uint8_t attr, void *arg);

/*
 * Lets every line of a range become fn(what it was). False, and nothing changed: no memory, or
 * the map would have more than ranges_max entries. media_reserve() tells in advance whether it
 * will work, and makes sure that it does. limit: false for changes that must not fail because
 * the map is full (the device finding what is there).
 */
bool media_reserve(struct media *media, uint64_t start, uint64_t len, media_fn *fn, void *arg,
		   bool limit);
bool media_transform(struct media *media, uint64_t start, uint64_t len, media_fn *fn, void *arg,
		     bool limit);

/* The same for one piece, as ranges_piece() finds them, or a part of it; there is no limit. */
bool media_set(struct media *media, const struct range *piece, uint8_t attr);

struct stretch {
	uint64_t start, len; /* lines */
};

/*
 * Room for all of these, sorted by where they begin. -ENOSPC: the map would have more than
 * ranges_max entries in the end. -ENOMEM: what they need if they lie close together is not there;
 * if they do not, media_transform() of each may still want some. It is kept until media_settle().
 */
int media_reserve_many(struct media *media, const struct stretch *stretches, size_t n, media_fn *fn,
		       void *arg);
void media_settle(struct media *media);

/* Removes the poison for which keep() returns 0, from a range that begins and ends at bounds;
 * keep() returns anything else for what stays. Cannot fail. */
void media_sweep(struct media *media, uint64_t start, uint64_t len, media_fn *keep);

/* Counts lines anew, after the poison map was replaced. */
void media_recount(struct media *media);

/* One line's data: 64 bytes. content_reserve() makes sure that these lines can be written next;
 * false: no memory, or more than content_max lines would be held. Writing zeros frees. */
void content_read(const struct media *media, uint64_t line, uint8_t data[64]);
bool content_reserve(struct media *media, uint64_t line, const uint8_t *data, uint64_t lines);
void content_write(struct media *media, uint64_t line, const uint8_t data[64]);
/* The next line with content at or above a line. */
bool content_next(const struct media *media, uint64_t line, uint64_t *found);
void content_erase(struct media *media, uint64_t start, uint64_t len);

#endif
