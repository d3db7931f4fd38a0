/* SPDX-License-Identifier: MIT */
/*
 * Writes the seeds of every fuzz target, DIR/TARGET, and for some a dictionary, DIR/TARGET.dict:
 * what the tables say, a valid message for each row and a few that follow each other; and what was
 * found once, kept as text: CORPUS/TARGET-NAME.hex, bytes as hexadecimal digits, # to the end of
 * the line.
 *
 *	seeds DIR CORPUS
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seeds.h"

static uint8_t seed[1 << 16];
static size_t seed_len;
static const char *top;

void add_bytes(const void *p, size_t n)
{
	if (seed_len + n > sizeof(seed))
		abort();
	memcpy(seed + seed_len, p, n);
	seed_len += n;
}

void add(unsigned n, ...)
{
	va_list args;

	va_start(args, n);
	while (n-- > 0)
		add_bytes(&(uint8_t){(uint8_t)va_arg(args, int)}, 1);
	va_end(args);
}
void save(const char *target, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, target);
	if (mkdir(path, 0777) && errno != EEXIST) {
		perror(path);
		exit(1);
	}
	snprintf(path, sizeof(path), "%s/%s/%s", top, target, name);
	f = fopen(path, "wb");
	if (!f || fwrite(seed, 1, seed_len, f) != seed_len || fclose(f)) {
		perror(path);
		exit(1);
	}
	seed_len = 0;
}

void say_more(const char *text)
{
	add_bytes(text, strlen(text));
}

void word(const char *target, const char *format, ...)
{
	char path[4096], text[128];
	va_list args;
	FILE *f;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s.dict", top, target);
	f = fopen(path, "a");
	if (!f || fputc('"', f) == EOF) {
		perror(path);
		exit(1);
	}
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
			fprintf(f, "\\x%02x", (unsigned char)*c);
		else
			fputc(*c, f);
	if (fputs("\"\n", f) == EOF || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* ---- what was found ---- */

static void convert(const char *dir, const char *name)
{
	const char *dash = strchr(name, '-'), *dot = strrchr(name, '.');
	char path[4096], target[16];
	int c, high = -1;
	FILE *f;

	if (!dash || !dot || strcmp(dot, ".hex") || (size_t)(dash - name) >= sizeof(target))
		return;
	snprintf(target, sizeof(target), "%.*s", (int)(dash - name), name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		exit(1);
	while ((c = getc(f)) != EOF) {
		int digit = isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;

		if (c == '#')
			while (c != '\n' && c != EOF)
				c = getc(f);
		if (!isxdigit(c))
			continue;
		if (high >= 0)
			ADD(high << 4 | digit);
		high = high < 0 ? digit : -1;
	}
	fclose(f);
	save(target, dash + 1);
}

static const struct {
	const char *target;
	void (*write)(void);
} sets[] = {
#define SEEDS(target) {#target, seeds_##target},
	SEED_SETS(SEEDS)
#undef SEEDS
};

int main(int argc, char **argv)
{
	struct dirent *entry;
	DIR *dir;

	if (argc != 3 || !(dir = opendir(argv[2]))) {
		fprintf(stderr, "usage: seeds DIR CORPUS\n");
		return 2;
	}
	top = argv[1];
	if (mkdir(top, 0777) && errno != EEXIST) {
		perror(top);
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s.dict", top, sets[i].target);
		unlink(path);
		sets[i].write();
	}
	while ((entry = readdir(dir)))
		convert(argv[2], entry->d_name);
	closedir(dir);
	return 0;
}
