// SPDX-License-Identifier: MIT
/*
 * Counters, and what swcxl-query-stats makes of them.
 *
 * Opcodes are a guest's to choose, so only those of commands that exist get a counter of their own
 * and the rest share one: a guest cannot make this grow.
 */
#include "front/qmp/stats.h"

#include <string.h>

#include "base/util.h"
#include "front/qmp/session.h"
#include "front/vfio/vfio.h"
#include "state/state.h"

static void add(struct stats_count *n, bool error)
{
	n->count++;
	n->errors += error;
}

static void count_opcode(struct qmp_stats *stats, const struct swcxl_trace *trace, bool error)
{
	size_t i = 0;

	while (i < stats->opcodes && stats->opcode[i].opcode < trace->opcode)
		i++;
	if (i == stats->opcodes || stats->opcode[i].opcode != trace->opcode) {
		if (!trace->name || stats->opcodes == STATS_OPCODES) {
			stats->unknown++;
			return;
		}
		memmove(&stats->opcode[i + 1], &stats->opcode[i],
			(stats->opcodes - i) * sizeof(stats->opcode[0]));
		stats->opcodes++;
		stats->opcode[i].opcode = trace->opcode;
		stats->opcode[i].name = trace->name;
		stats->opcode[i].n = (struct stats_count){0};
	}
	add(&stats->opcode[i].n, error);
}

/* The kind of a channel: control channels have numbers, which nobody wants to see summed up. */
static const char *kind_of(const char *channel)
{
	static const char *const kinds[] = {"primary", "secondary", "control"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(channel, kinds[i], strlen(kinds[i])) == 0)
			return kinds[i];
	return "other";
}

void stats_count(struct qmp_stats *stats, const struct swcxl_trace *trace)
{
	bool error = trace->rc != SWCXL_SUCCESS && trace->rc != SWCXL_BACKGROUND_STARTED;
	const char *kind = kind_of(trace->channel);
	size_t i = 0;

	if (trace->kind != SWCXL_TRACE_COMMAND)
		return;
	count_opcode(stats, trace, error);
	if (trace->rc < STATS_RCS)
		stats->rcs[trace->rc]++;
	while (i < STATS_CHANNELS && stats->channel[i].name && stats->channel[i].name != kind)
		i++;
	if (i < STATS_CHANNELS) {
		stats->channel[i].name = kind;
		add(&stats->channel[i].n, error);
	}
}

static void out_count(struct out *out, const struct stats_count *n)
{
	out_uint(out, "count", n->count);
	out_uint(out, "errors", n->errors);
	out_end(out, '}');
}

static void out_device(struct out *out, const struct qmp_stats *stats)
{
	out_begin(out, "cci", '[');
	for (size_t i = 0; i < stats->opcodes; i++) {
		out_begin(out, NULL, '{');
		out_uint(out, "opcode", stats->opcode[i].opcode);
		out_string(out, "name", stats->opcode[i].name);
		out_count(out, &stats->opcode[i].n);
	}
	out_end(out, ']');
	out_uint(out, "cci-unknown", stats->unknown);
	out_begin(out, "channels", '[');
	for (size_t i = 0; i < STATS_CHANNELS && stats->channel[i].name; i++) {
		out_begin(out, NULL, '{');
		out_string(out, "channel", stats->channel[i].name);
		out_count(out, &stats->channel[i].n);
	}
	out_end(out, ']');
	out_begin(out, "return-codes", '[');
	for (unsigned rc = 0; rc < STATS_RCS; rc++) {
		const char *name = swcxl_rc_name(rc);

		if (!stats->rcs[rc])
			continue;
		out_begin(out, NULL, '{');
		out_uint(out, "return-code", rc);
		out_string(out, "name", name ? name : "");
		out_uint(out, "count", stats->rcs[rc]);
		out_end(out, '}');
	}
	out_end(out, ']');
}

static void out_qmp(struct out *out, const struct qmp_stats *stats)
{
	out_begin(out, "qmp", '{');
	out_uint(out, "clients", stats->clients);
	out_uint(out, "connections", stats->connections);
	out_uint(out, "refused", stats->refused);
	out_uint(out, "requests", stats->requests);
	out_uint(out, "errors", stats->errors);
	out_uint(out, "events", stats->events);
	out_uint(out, "events-dropped", stats->events_dropped);
	out_begin(out, "commands", '[');
	for (size_t i = 0; i < QMP_COMMANDS; i++) {
		if (!stats->commands[i].count)
			continue;
		out_begin(out, NULL, '{');
		out_string(out, "name", qmp_commands[i].name);
		out_count(out, &stats->commands[i]);
	}
	out_end(out, ']');
	out_end(out, '}');
}

static void out_vfio(struct out *out, const struct vfio_stats *stats)
{
	out_begin(out, "vfio-user", '{');
	out_uint(out, "connections", stats->connections);
	out_uint(out, "refused", stats->refused);
	out_uint(out, "messages", stats->messages);
	out_uint(out, "replies", stats->replies);
	out_uint(out, "errors", stats->errors);
	out_uint(out, "region-reads", stats->region_reads);
	out_uint(out, "region-writes", stats->region_writes);
	out_uint(out, "doorbells", stats->doorbells);
	out_uint(out, "interrupts", stats->interrupts);
	out_end(out, '}');
}

static void out_state(struct out *out, const struct state_stats *state)
{
	out_begin(out, "state", '{');
	out_uint(out, "changes", state->changes);
	out_uint(out, "commits", state->commits);
	out_uint(out, "failures", state->failures);
	out_uint(out, "pauses", state->pauses);
	out_end(out, '}');
}

bool cmd_query_stats(struct qmp_call *call, const struct qmp_query_stats_args *in)
{
	static const struct vfio_stats no_vfio;
	static const struct state_stats no_state;
	const struct qmp_host *host = &call->qmp->host;
	const struct vfio_stats *vfio = host->vfio_stats ? host->vfio_stats(host->ctx) : NULL;
	const struct state_stats *state = host->state_stats ? host->state_stats(host->ctx) : NULL;

	(void)in;
	out_begin(&call->ret, NULL, '{');
	out_device(&call->ret, &call->qmp->stats);
	out_qmp(&call->ret, &call->qmp->stats);
	out_vfio(&call->ret, vfio ? vfio : &no_vfio);
	out_state(&call->ret, state ? state : &no_state);
	out_end(&call->ret, '}');
	return true;
}
