/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core/device.h"

/* Each kept thing as bytes: where it is, how long, and how it is taken back. */
static const struct kept_row {
	enum kept_number number;
	size_t offset, size;
	int (*restore)(struct swcxl_dev *dev, const void *kept);
} * find(uint64_t number);

#define KEPT(number, name)                                                 \
	static int restore_##name(struct swcxl_dev *dev, const void *kept) \
	{                                                                  \
		return name##_restore(dev, kept);                          \
	}
KEPT_ROWS(KEPT)
#undef KEPT

static const struct kept_row rows[] = {
#define KEPT(number, name) \
	{number, offsetof(struct swcxl_dev, kept.name), sizeof(struct kept_##name), restore_##name},
	KEPT_ROWS(KEPT)
#undef KEPT
};

static const struct kept_row *find(uint64_t number)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].number == number)
			return &rows[i];
	return NULL;
}

static struct swcxl_change change_of(const struct swcxl_dev *dev, const struct kept_row *row)
{
	return (struct swcxl_change){.kind = SWCXL_CHANGE_SETTING,
				     .start = row->number,
				     .length = row->size,
				     .data = (const uint8_t *)dev + row->offset};
}

void kept_changed(struct swcxl_dev *dev, enum kept_number number)
{
	struct swcxl_change change = change_of(dev, find(number));

	device_change(dev, &change);
}

bool kept_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		    struct swcxl_change *change)
{
	if (cursor->at >= ARRAY_SIZE(rows))
		return false;
	*change = change_of(dev, &rows[cursor->at++]);
	return true;
}

int kept_apply(struct swcxl_dev *dev, const struct swcxl_change *change)
{
	const struct kept_row *row = find(change->start);

	if (!row || change->length != row->size || !change->data)
		return -EINVAL;
	return row->restore(dev, change->data);
}

int media_restore(struct swcxl_dev *dev, const struct kept_media *kept)
{
	if (kept->disabled > 1)
		return -EINVAL;
	dev->kept.media = *kept;
	return 0;
}
