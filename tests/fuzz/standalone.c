/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without a fuzzer: on every file named, or in a directory named, and on a few
 * mutations of each that are the same every time.
 *
 *	fuzz_X_replay [-m MUTATIONS] FILE|DIRECTORY...
 *
 * Built by afl-clang-fast it fuzzes when there are no arguments.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"

static unsigned mutations;
static unsigned long inputs;
static uint64_t rng;

static uint64_t below(uint64_t n)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (rng * 2685821657736338717u >> 11) % n;
}

/* In memory of exactly its size, so that a sanitizer sees what is read beyond. */
static void run(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	inputs++;
}

/* Bits, bytes, stretches that come again or go. */
static size_t mutate(uint8_t *b, size_t len, size_t cap)
{
	for (uint64_t n = 1 + below(4); n > 0 && len; n--) {
		size_t at = below(len), run_len = 1 + below(len - at);

		switch (below(4)) {
		case 0:
			b[at] ^= (uint8_t)(1u << below(8));
			break;
		case 1:
			b[at] = (uint8_t)below(256);
			break;
		case 2:
			if (len + run_len <= cap) {
				memmove(b + at + run_len, b + at, len - at);
				len += run_len;
			}
			break;
		default:
			memmove(b + at, b + at + run_len, len - at - run_len);
			len -= run_len;
		}
	}
	return len;
}

static void run_file(const char *path)
{
	static uint8_t bytes[1 << 16], copy[2 * sizeof(bytes)];
	FILE *f = fopen(path, "rb");
	size_t len;

	if (!f) {
		perror(path);
		exit(1);
	}
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	run(bytes, len);
	rng = 88172645463325252u + len;
	for (unsigned i = 0; i < mutations; i++) {
		memcpy(copy, bytes, len);
		run(copy, mutate(copy, len, sizeof(copy)));
	}
}

static void run_path(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		run_file(path);
		return;
	}
	while ((entry = readdir(dir))) {
		char name[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		run_file(name);
	}
	closedir(dir);
}

#ifdef __AFL_FUZZ_TESTCASE_LEN
__AFL_FUZZ_INIT();

/* Many inputs in one process. */
static void fuzz(void)
{
	const uint8_t *bytes;

	__AFL_INIT();
	bytes = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(1000))
		run(bytes, (size_t)__AFL_FUZZ_TESTCASE_LEN);
}
#else
static void fuzz(void)
{
}
#endif

int main(int argc, char **argv)
{
	int i = 1;

	if (argc == 1)
		fuzz();
	if (argc > 2 && !strcmp(argv[1], "-m")) {
		mutations = (unsigned)strtoul(argv[2], NULL, 0);
		i = 3;
	}
	for (; i < argc; i++)
		run_path(argv[i]);
	printf("%lu inputs\n", inputs);
	return inputs == 0;
}
