// SPDX-License-Identifier: MIT
/*
 * Near is a beginning of the name, or a slip of the fingers: a letter too many, one missing, a
 * wrong one, or two that are swapped. A third of the letters may be wrong.
 */
#include "cli/nearest.h"

#include <string.h>

#include "base/util.h"

#define LONGEST 31

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	return MIN(MIN(a, b), c);
}

/* How many such slips make b of a, by the rows of the usual table. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][LONGEST + 2]; /* the one before the last, the last, this one */
	size_t n = strlen(a), m = strlen(b);

	for (unsigned j = 0; j <= m; j++)
		rows[0][j] = rows[1][j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *this = rows[(i + 1) % 3], *last = rows[i % 3],
			 *before = rows[(i + 2) % 3];

		this[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			this[j] = least(last[j] + 1, this[j - 1] + 1,
					last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				this[j] = MIN(this[j], before[j - 2] + 1);
		}
	}
	return rows[(n + 1) % 3][m];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t len = strlen(nearest->word);
	unsigned d;

	if (len < 2 || len > LONGEST || strlen(name) > LONGEST)
		return;
	d = strncmp(nearest->word, name, len) == 0 ? 1 : distance(nearest->word, name);
	if (d > MAX(len / 3, 1) || (nearest->name && d >= nearest->distance))
		return;
	nearest->name = name;
	nearest->distance = d;
}
