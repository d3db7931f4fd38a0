/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_replay says. The first byte: which of these devices the trace is of, or
 * from REPLAY_HEADERS on, that the header is the input's own. The rest is the text of the trace.
 */
#ifndef SWCXL_TESTS_REPLAY_SCRIPT_H
#define SWCXL_TESTS_REPLAY_SCRIPT_H

#include <stddef.h>

#include "base/util.h"
#include "daemon/trace.h"

static const char *const replay_headers[] = {
	"--name=mem0 --volatile=256M --persistent=256M --lsa=1280 --payload=256",
	"--name=mem0 --volatile=256M --payload=512 --dc-regions=2 --dc-region-size=256M "
	"--dc-block-size=4K --dc-flags=1=sharable,non-volatile",
	"--name=mem0 --persistent=256M --lsa=1280 --payload=256 --poison-list-max=2 "
	"--inject-limit=2 --scan-results-max=1 --event-log-max=1 --ranges-max=4 "
	"--media-memory-max=4K",
	"--name=mem0 --volatile=256M --partitionable=256M --payload=4K --cxl-revision=2.0 --strict "
	"--scan-ns-per-line=1 --during-scan=busy",
};
#define REPLAY_HEADERS ARRAY_SIZE(replay_headers)

#endif
