/* SPDX-License-Identifier: MIT */
/*
 * What the management side plants. Many ranges at once are planted in the order of their
 * addresses, each as if alone, which is how a device that walks its media comes upon them. Sorted,
 * they go into the maps beside each other.
 */
#include <errno.h>

#include "core/device.h"
#include "wire/events.h"

static uint8_t plant_attr(enum swcxl_source source, bool known, bool permanent)
{
	return (uint8_t)(SWCXL_ATTR_POISON | source | (known ? SWCXL_ATTR_KNOWN : 0) |
			 (permanent ? SWCXL_ATTR_PERMANENT : 0));
}

static bool is_lines(const struct swcxl_dev *dev, uint64_t start, uint64_t length)
{
	return swcxl_in_range(dev, start, length) && !((start | length) % SWCXL_LINE);
}

/* Of what health is about, planting changes this alone. */
static void tell_health(struct swcxl_dev *dev, uint64_t permanent_before)
{
	if (dev->media.permanent != permanent_before)
		health_update(dev);
}

int swcxl_plant(struct swcxl_dev *dev, uint64_t start, uint64_t length, enum swcxl_source source,
		bool known, bool permanent)
{
	uint8_t attr = plant_attr(source, known, permanent);
	uint64_t before = dev->media.permanent;
	int err;

	if (!is_lines(dev, start, length))
		return -EINVAL;
	err = poison_plant(dev, start / SWCXL_LINE, length / SWCXL_LINE, attr, BY_UNKNOWN);
	tell_health(dev, before);
	return err;
}

/* ---- many ---- */

#define LINE_BITS 38 /* 16 TiB of lines */

static bool is_sorted(const struct stretch *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (s[i].start < s[i - 1].start)
			return false;
	return true;
}

/* One pass of a radix sort, stable, by a byte of the address. False: all have the same one. */
static bool sort_by(const struct stretch *from, struct stretch *to, size_t n, unsigned shift)
{
	size_t at[256] = {0}, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i].start >> shift & 0xff]++;
	for (unsigned i = 0; i < 256; i++) {
		size_t here = at[i];

		if (here == n)
			return false;
		at[i] = sum;
		sum += here;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i].start >> shift & 0xff]++] = from[i];
	return true;
}

/* Returns where they are in the end, a or b. */
static struct stretch *sort(struct stretch *a, struct stretch *b, size_t n)
{
	if (is_sorted(a, n))
		return a;
	for (unsigned shift = 0; shift < LINE_BITS; shift += 8) {
		if (sort_by(a, b, n, shift)) {
			struct stretch *sorted = b;

			b = a;
			a = sorted;
		}
	}
	return a;
}

static int plant_sorted(struct swcxl_dev *dev, const struct stretch *s, size_t n, uint8_t attr)
{
	int err = poison_plant_begin(dev, s, n, attr);

	for (size_t i = 0; i < n && !err; i++) {
		uint64_t before = dev->media.permanent;

		err = poison_plant_next(dev, s[i].start, s[i].len, attr, BY_UNKNOWN, false);
		tell_health(dev, before);
	}
	poison_plant_end(dev);
	return err;
}

int swcxl_plant_many(struct swcxl_dev *dev, const struct swcxl_range *range, size_t n,
		     enum swcxl_source source, bool known, bool permanent)
{
	struct stretch *s;
	int err;

	for (size_t i = 0; i < n; i++)
		if (!is_lines(dev, range[i].start, range[i].length))
			return -EINVAL;
	if (!n)
		return 0;
	s = n < SIZE_MAX / sizeof(*s) / 2 ? mem_resize(&dev->mem, NULL, 2 * n * sizeof(*s)) : NULL;
	if (!s)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s[i] = (struct stretch){range[i].start / SWCXL_LINE, range[i].length / SWCXL_LINE};
	err = plant_sorted(dev, sort(s, s + n, n), n, plant_attr(source, known, permanent));
	mem_free(&dev->mem, s);
	return err;
}
