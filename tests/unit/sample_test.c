// SPDX-License-Identifier: MIT
/* From a device's answers to what is shown: nothing is taken from where it is not, and nothing
 * comes beyond its bounds. */
#include "view/sample.h"

#include <json-c/json.h>
#include <string.h>

#include "base/util.h"
#include "test.h"

static struct view_state state;

static struct json_object *parse(const char *text)
{
	struct json_object *object = json_tokener_parse(text);

	CHECK(object);
	return object;
}

static void take_device(const char *text)
{
	struct json_object *object = parse(text);

	sample_device(&state, object);
	json_object_put(object);
}

static void segments_and_extents(void)
{
	memset(&state, 0, sizeof(state));
	take_device("{'capacity': 1000, 'partitions': {'volatile': {'start': 0, 'length': 100},"
		    "'persistent': {'start': 100, 'length': 0}}, 'dynamic-capacity': {"
		    "'regions': [{'region': 0, 'start': 200, 'length': 400},"
		    "{'region': 1, 'start': 600, 'length': 400}],"
		    "'accepted': [{'start': 200, 'length': 7}, {'start': 700, 'length': 50},"
		    "{'start': 800, 'length': 1}], 'pending': [{'start': 210, 'length': 5}],"
		    "'held': [{'start': 230, 'length': 5}]}}");
	CHECK(state.device.capacity == 1000 && state.segment_count == 3);
	CHECK(state.segments[0].kind == VIEW_VOLATILE && state.segments[0].length == 100);
	CHECK(state.segments[2].kind == VIEW_DYNAMIC && state.segments[2].region == 1);
	CHECK(state.segments[1].allocated == 7 && state.segments[1].pending == 5);
	CHECK(state.segments[2].allocated == 51 && !state.segments[2].pending);
	CHECK(state.extent_count == 5 && state.extents[4].state == VIEW_HELD);
}

static void an_answer_that_says_nothing(void)
{
	memset(&state, 0, sizeof(state));
	take_device("{}");
	take_device("{'logs': [], 'partitions': 7, 'health': null, 'dynamic-capacity': "
		    "{'regions': {}, 'accepted': 'x'}}");
	CHECK(!state.segment_count && !state.extent_count && !state.device.name[0]);
}

static void text_is_cut_and_holds_no_controls(void)
{
	struct json_object *records;
	char text[400];

	memset(&state, 0, sizeof(state));
	snprintf(text, sizeof(text), "{'name': 'a\\u001b[2J%0*d', 'background': {'opcode': 17156}}",
		 200, 0);
	take_device(text);
	CHECK(strlen(state.device.name) == sizeof(state.device.name) - 1);
	CHECK(!strncmp(state.device.name, "a?[2J000", 8));
	CHECK(!strcmp(state.background.name, "Scan Media"));
	take_device("{'health': {'health-status': ['a\\u001b', 'b\\u007f']}}");
	CHECK(!strcmp(state.health.status, "a?, b?"));
	records = parse("[{'handle': 1, 'result': 'c\\u001b', 'transaction-type': '\\n'}]");
	state.record_count = 0;
	sample_events(&state, 0, records);
	CHECK(!strcmp(state.records[0].detail, "c?, ?"));
	json_object_put(records);
}

static void more_rows_than_are_kept(void)
{
	struct json_object *rows = json_object_new_array();

	memset(&state, 0, sizeof(state));
	for (int i = 0; i < VIEW_ROWS + 1; i++)
		json_object_array_add(rows, parse("{'start': 64, 'source': 'vendor'}"));
	sample_poison(&state, rows);
	CHECK(state.row_count == VIEW_ROWS && state.rows_cut);
	json_object_array_del_idx(rows, 0, 1);
	sample_poison(&state, rows);
	CHECK(state.row_count == VIEW_ROWS && !state.rows_cut);
	CHECK(!strcmp(state.rows[VIEW_ROWS - 1].source, "vendor"));
	json_object_put(rows);
}

static void more_extents_and_records_than_are_kept(void)
{
	struct json_object *device = parse("{'dynamic-capacity': {'regions': [], 'pending': []}}");
	struct json_object *dynamic = json_object_object_get(device, "dynamic-capacity");
	struct json_object *extents = json_object_new_array();

	for (int i = 0; i < VIEW_EXTENTS + 7; i++)
		json_object_array_add(extents, parse("{'handle': 5, 'memory-event-type': 'a', "
						     "'transaction-type': 'b', 'dpa': 64}"));
	json_object_object_add(dynamic, "held", extents);
	memset(&state, 0, sizeof(state));
	sample_device(&state, device);
	CHECK(state.extent_count == VIEW_EXTENTS);
	sample_events(&state, 2, extents);
	CHECK(state.record_count == VIEW_RECORDS && state.records[0].log == 2);
	CHECK(!strcmp(state.records[0].detail, "a, b") && state.records[0].has_address);
	json_object_put(device);
}

/* Answers in parts: what they say of the same cell is added up, and no cell is made up. */
static void a_map_in_parts(void)
{
	struct cell cells[4] = {{{0}}};
	struct json_object *map =
		parse("{'next': 200, 'cells': [{'start': 100, 'ranges': 1, 'lines': 2, "
		      "'latent': 1}, {'start': 400, 'lines': 9}, {'start': 18446744073709551615, "
		      "'lines': 9}]}");

	CHECK(sample_map(cells, ARRAY_SIZE(cells), 0, 100, map) == 200);
	CHECK(sample_map(cells, ARRAY_SIZE(cells), 0, 100, map) == 200);
	CHECK(cells[1].n[CELL_RANGES] == 2 && cells[1].n[CELL_LINES] == 4);
	CHECK(cells[1].n[CELL_LATENT] == 2 && !cells[1].n[CELL_LISTED]);
	CHECK(!cells[0].n[CELL_LINES] && !cells[3].n[CELL_LINES]);
	json_object_put(map);
}

static void commands_a_second(void)
{
	struct json_object *stats =
		parse("{'channels': [{'channel': 'primary', 'count': 30, 'errors': 1},"
		      "{'channel': 'secondary', 'count': 20}]}");
	struct json_object *before = parse("{'channels': [{'channel': 'primary', 'count': 10}]}");

	memset(&state, 0, sizeof(state));
	sample_stats(&state, before, 0);
	CHECK(state.commands.count == 10 && state.commands.per_second == 0);
	sample_stats(&state, stats, 500);
	CHECK(state.commands.count == 50 && state.commands.per_second == 80);
	CHECK(state.commands.primary == 30 && state.commands.errors == 1);
	sample_stats(&state, before, 500);
	CHECK(state.commands.per_second == 0);
	json_object_put(stats);
	json_object_put(before);
}

int main(void)
{
	RUN(segments_and_extents);
	RUN(an_answer_that_says_nothing);
	RUN(text_is_cut_and_holds_no_controls);
	RUN(more_rows_than_are_kept);
	RUN(more_extents_and_records_than_are_kept);
	RUN(a_map_in_parts);
	RUN(commands_a_second);
	return test_done();
}
