/* SPDX-License-Identifier: MIT */
/* All arguments of a control command, as the inside of a JSON object. */
#ifndef SWCXL_TESTS_QMP_ARGUMENTS_H
#define SWCXL_TESTS_QMP_ARGUMENTS_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "front/qmp/table.h"

static inline void qmp_arguments(FILE *to, const struct qmp_arg *arg);

/* A value that an argument may have; for kinds that are not listed, one that some may. */
static inline void qmp_argument(FILE *to, const struct qmp_arg *arg)
{
	char text[256] = "1";

	switch (arg->kind) {
	case QMP_UINT:
		snprintf(text, sizeof(text), "%" PRIu64,
			 arg->min <= 64 && arg->max >= 64 ? 64 : arg->min);
		break;
	case QMP_BOOL:
		strcpy(text, "true");
		break;
	case QMP_ENUM:
		snprintf(text, sizeof(text), "'%s'", arg->names->values[0].name);
		break;
	case QMP_STR:
		strcpy(text, "'mem0'");
		break;
	case QMP_HEX:
		snprintf(text, sizeof(text), "'%0*x'", 2 * (int)MIN(arg->min, 64u), 0);
		break;
	case QMP_LIST:
		snprintf(text, sizeof(text), "['%s']", arg->names->values[0].name);
		break;
	case QMP_WORDS:
		strcpy(text, "[1, 2]");
		break;
	case QMP_RANGES:
		strcpy(text, "[[0, 64]]");
		break;
	default:
		break;
	}
	fprintf(to, "'%s': ", arg->name);
	if (arg->kind != QMP_ITEMS) {
		fputs(text, to);
		return;
	}
	fputs("[{", to);
	qmp_arguments(to, arg->item->args());
	fputs("}]", to);
}

static inline void qmp_arguments(FILE *to, const struct qmp_arg *arg)
{
	for (; arg->name; arg++) {
		qmp_argument(to, arg);
		fputs(arg[1].name ? ", " : "", to);
	}
}

/* As text, for free(). */
static inline char *qmp_arguments_text(const struct qmp_arg *arg)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		abort();
	qmp_arguments(to, arg);
	fclose(to);
	return text;
}

#endif
