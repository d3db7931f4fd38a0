/* SPDX-License-Identifier: MIT */
/*
 * Values as text. Addresses are hexadecimal and padded so that columns line up; lengths are given
 * in lines, the unit of the commands, and in bytes, the unit of people. JSON has plain numbers:
 * bytes, nanoseconds, and names in lower case.
 */
#include "cli/format.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/control.h"
#include "base/util.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"

struct text dpa_text(uint64_t dpa)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), DPA_FORMAT, (unsigned long long)dpa);
	return t;
}

struct text size_text(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned unit = 0;
	struct text t;

	while (unit + 1 < ARRAY_SIZE(units) && bytes >> (10 * (unit + 1)))
		unit++;
	if (bytes & ((1ull << (10 * unit)) - 1))
		snprintf(t.s, sizeof(t.s), "%.1f %s", (double)bytes / (double)(1ull << (10 * unit)),
			 units[unit]);
	else
		snprintf(t.s, sizeof(t.s), "%llu %s", (unsigned long long)bytes >> (10 * unit),
			 units[unit]);
	return t;
}

struct text length_text(uint64_t bytes)
{
	uint64_t lines = bytes / SWCXL_LINE;
	struct text t;

	snprintf(t.s, sizeof(t.s), "%llu line%s (%.15s)", (unsigned long long)lines, plural(lines),
		 size_text(bytes).s);
	return t;
}

struct text time_text(uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;
	struct text t;

	if (!ns) {
		snprintf(t.s, sizeof(t.s), "-");
		return t;
	}
	gmtime_r(&seconds, &tm);
	strftime(t.s, sizeof(t.s), "%Y-%m-%d %H:%M:%S", &tm);
	snprintf(t.s + strlen(t.s), sizeof(t.s) - strlen(t.s), ".%06llu UTC",
		 (unsigned long long)(ns % NS_PER_S / 1000));
	return t;
}

struct text since_text(uint64_t ns)
{
	struct text t = {""};

	if (ns)
		snprintf(t.s, sizeof(t.s), " since %.40s", time_text(ns).s);
	return t;
}

struct text duration_text(uint64_t ms)
{
	struct text t;

	if (ms < 1000)
		snprintf(t.s, sizeof(t.s), "%llu ms", (unsigned long long)ms);
	else if (ms < 120000)
		snprintf(t.s, sizeof(t.s), "%.1f s", (double)ms / 1000);
	else
		snprintf(t.s, sizeof(t.s), "%llu min %llu s", (unsigned long long)(ms / 60000),
			 (unsigned long long)(ms / 1000 % 60));
	return t;
}

void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

struct quote quote(const char *text)
{
	struct quote q;

	snprintf(q.s, sizeof(q.s), "%s", text);
	make_printable(q.s);
	return q;
}

void print_escaped(FILE *file, const char *json)
{
	for (unsigned n; *json; json += n ? n : 1) {
		n = *json == '\n' ? 0 : control_bytes(json);
		if (n)
			fprintf(file, "\\u%04x", control_code(json, n));
		else
			putc_unlocked(*json, file);
	}
}

static const struct {
	const char *text, *key;
} sources[8] = {
	[SWCXL_SOURCE_UNKNOWN] = {"Unknown", "unknown"},
	[SWCXL_SOURCE_EXTERNAL] = {"External", "external"},
	[SWCXL_SOURCE_INTERNAL] = {"Internal", "internal"},
	[SWCXL_SOURCE_INJECTED] = {"Injected", "injected"},
	[4] = {"Reserved", "reserved"},
	[5] = {"Reserved", "reserved"},
	[6] = {"Reserved", "reserved"},
	[SWCXL_SOURCE_VENDOR] = {"Vendor", "vendor"},
};

const char *source_text(unsigned source)
{
	return sources[source & 7].text;
}

const char *source_key(unsigned source)
{
	return sources[source & 7].key;
}

bool source_from_key(const char *key, unsigned *source)
{
	for (unsigned i = 0; i < ARRAY_SIZE(sources); i++)
		if ((i < 4 || i == SWCXL_SOURCE_VENDOR) && strcmp(key, sources[i].key) == 0) {
			*source = i;
			return true;
		}
	return false;
}

const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

void add_hex(struct json_object *object, const char *key, const uint8_t *p, size_t len)
{
	char *hex = hex_string(p, len);

	add_string(object, key, hex);
	free(hex);
}

char *hex_string(const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = xalloc(NULL, 2 * len + 1);

	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = digits[p[i] >> 4];
		hex[2 * i + 1] = digits[p[i] & 15];
	}
	hex[2 * len] = '\0';
	return hex;
}

void hex_dump(const uint8_t *p, size_t len)
{
	for (size_t row = 0; row < len; row += 16) {
		printf("%04zx ", row);
		for (size_t i = row; i < MIN(row + 16, len); i++)
			printf("%s%02x", i % 8 ? " " : "  ", p[i]);
		putchar('\n');
	}
}

void *xalloc(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (!p)
		die(REFUSED, "Out of memory: this needs %zu bytes more", size);
	return p;
}
