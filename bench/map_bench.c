/* SPDX-License-Identifier: MIT */
/*
 * The map of ranges against what else could be one, from a thousand ranges to ten million. Ranges
 * of three lines, never beside each other, come in at random; are looked for; lose the line in
 * their middle, which leaves two of each; and are walked over in order.
 *
 *	map_bench [RANGES]	up to so many
 */
#include <search.h>
#include <sqlite3.h>

#include "base/ranges.h"
#include "base/util.h"
#include "bench.h"

#define LINES 3u
#define STRIDE 4u
#define SIZES 5u
#define MOST_PER_STEP 200000u /* lookups, splits */

/* What each has to do. Addresses and lengths are in lines; nothing ever fails. */
struct contender {
	const char *name;
	size_t max; /* ranges: more take too long */
	void (*open)(void);
	void (*close)(void);
	void (*insert)(uint64_t start, uint64_t len); /* joins neighbours, if there are any */
	bool (*find)(uint64_t line);
	void (*split)(uint64_t line); /* takes it out of the middle of a range */
	uint64_t (*walk)(void);	      /* all ranges in order: the sum of their lengths */
};

/* ---- a B+tree: ours ---- */

static const struct mem bench_mem = {NULL, bench_realloc};
static struct ranges map;

static void map_open(void)
{
	ranges_init(&map, &bench_mem, (struct bounds){0}, UINT64_MAX >> 8);
}

static void map_close(void)
{
	ranges_clear(&map);
}

static void map_insert(uint64_t start, uint64_t len)
{
	ranges_reserve_put(&map, start, len);
	ranges_put(&map, start, len, 1);
}

static bool map_find(uint64_t line)
{
	struct range r;

	return ranges_find(&map, line, &r) && r.start <= line;
}

static void map_split(uint64_t line)
{
	ranges_reserve_cut(&map, line, 1);
	ranges_cut(&map, line, 1);
}

static uint64_t map_walk(void)
{
	struct ranges_walk walk = ranges_walk(&map, 0);
	uint64_t sum = 0;
	struct range r;

	while (ranges_step(&walk, &r))
		sum += r.len;
	return sum;
}

/* ---- a linked list, sorted ---- */

struct link {
	struct link *next;
	uint64_t start, len;
	uint8_t attr;
};

static struct link *list;

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void list_open(void)
{
	list = NULL;
}

static void list_close(void)
{
	while (list) {
		struct link *next = list->next;

		free(list);
		list = next;
	}
}

/* The place where the first range is that does not end below a line. */
static struct link **list_at(uint64_t line)
{
	struct link **at = &list;

	while (*at && (*at)->start + (*at)->len < line)
		at = &(*at)->next;
	return at;
}

static void list_add(struct link **at, uint64_t start, uint64_t len)
{
	struct link *link = must(malloc(sizeof(*link)));

	*link = (struct link){*at, start, len, 1};
	*at = link;
}

static void list_insert(uint64_t start, uint64_t len)
{
	struct link **at = list_at(start);
	uint64_t end = start + len;

	while (*at && (*at)->start <= end) {
		struct link *old = *at;

		start = MIN(start, old->start);
		end = MAX(end, old->start + old->len);
		*at = old->next;
		free(old);
	}
	list_add(at, start, end - start);
}

static bool list_find(uint64_t line)
{
	const struct link *link = *list_at(line + 1);

	return link && link->start <= line;
}

static void list_split(uint64_t line)
{
	struct link *link = *list_at(line + 1);
	uint64_t end = link->start + link->len;

	link->len = line - link->start;
	list_add(&link->next, line + 1, end - line - 1);
}

static uint64_t list_walk(void)
{
	uint64_t sum = 0;

	for (const struct link *link = list; link; link = link->next)
		sum += link->len;
	return sum;
}

/* ---- a red-black tree: tsearch(), which in glibc is one ---- */

struct node {
	uint64_t start, len;
	uint8_t attr;
};

static void *tree;
static uint64_t tree_sum;

/* Ranges that overlap are the same; the one that is looked for may be wider, to meet neighbours. */
static int compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->start + x->len <= y->start)
		return -1;
	return y->start + y->len <= x->start;
}

static void tree_open(void)
{
	tree = NULL;
}

static void tree_close(void)
{
	tdestroy(tree, free);
}

static struct node *tree_meet(uint64_t start, uint64_t len)
{
	struct node key = {start, len, 0};
	struct node **found = tfind(&key, &tree, compare);

	return found ? *found : NULL;
}

static void tree_add(uint64_t start, uint64_t len)
{
	struct node *node = must(malloc(sizeof(*node)));

	*node = (struct node){start, len, 1};
	must(tsearch(node, &tree, compare));
}

static void tree_insert(uint64_t start, uint64_t len)
{
	uint64_t end = start + len;
	struct node *old;

	while ((old = tree_meet(start - (start > 0), end - start + 1 + (start > 0)))) {
		start = MIN(start, old->start);
		end = MAX(end, old->start + old->len);
		tdelete(old, &tree, compare);
		free(old);
	}
	tree_add(start, end - start);
}

static bool tree_find(uint64_t line)
{
	return tree_meet(line, 1);
}

static void tree_split(uint64_t line)
{
	struct node *node = tree_meet(line, 1);
	uint64_t end = node->start + node->len;

	node->len = line - node->start;
	tree_add(line + 1, end - line - 1);
}

static void tree_visit(const void *node, VISIT order, int depth)
{
	(void)depth;
	if (order == postorder || order == leaf)
		tree_sum += (*(struct node *const *)node)->len;
}

static uint64_t tree_walk(void)
{
	tree_sum = 0;
	twalk(tree, tree_visit);
	return tree_sum;
}

/* ---- SQLite, in memory ---- */

static sqlite3 *db;
static sqlite3_stmt *sql_below, *sql_add, *sql_cut, *sql_all;

static sqlite3_stmt *prepare(const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		abort();
	return stmt;
}

static void sql_open(void)
{
	sqlite3_open(":memory:", &db);
	sqlite3_exec(db, "CREATE TABLE r(start INTEGER PRIMARY KEY, len, attr); BEGIN", NULL, NULL,
		     NULL);
	sql_below = prepare("SELECT start, len FROM r WHERE start <= ? ORDER BY start DESC");
	sql_add = prepare("INSERT INTO r VALUES(?, ?, 1)");
	sql_cut = prepare("UPDATE r SET len = ?2 WHERE start = ?1");
	sql_all = prepare("SELECT start, len FROM r ORDER BY start");
}

static void sql_close(void)
{
	sqlite3_finalize(sql_below);
	sqlite3_finalize(sql_add);
	sqlite3_finalize(sql_cut);
	sqlite3_finalize(sql_all);
	sqlite3_close(db);
}

static void run(sqlite3_stmt *stmt, uint64_t start, uint64_t len)
{
	sqlite3_bind_int64(stmt, 1, (int64_t)start);
	sqlite3_bind_int64(stmt, 2, (int64_t)len);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		abort();
	sqlite3_reset(stmt);
}

static struct range sql_floor(uint64_t line)
{
	struct range r = {0};

	sqlite3_bind_int64(sql_below, 1, (int64_t)line);
	if (sqlite3_step(sql_below) == SQLITE_ROW)
		r = (struct range){(uint64_t)sqlite3_column_int64(sql_below, 0),
				   (uint64_t)sqlite3_column_int64(sql_below, 1), 1};
	sqlite3_reset(sql_below);
	return r;
}

/* One look for a neighbour, as little as can do; here there never is one. */
static void sql_insert(uint64_t start, uint64_t len)
{
	struct range r = sql_floor(start + len);

	if (r.len && range_end(&r) >= start)
		abort();
	run(sql_add, start, len);
}

static bool sql_find(uint64_t line)
{
	struct range r = sql_floor(line);

	return range_end(&r) > line;
}

static void sql_split(uint64_t line)
{
	struct range r = sql_floor(line);

	run(sql_cut, r.start, line - r.start);
	run(sql_add, line + 1, range_end(&r) - line - 1);
}

static uint64_t sql_walk(void)
{
	uint64_t sum = 0;

	while (sqlite3_step(sql_all) == SQLITE_ROW)
		sum += (uint64_t)sqlite3_column_int64(sql_all, 1);
	sqlite3_reset(sql_all);
	return sum;
}

/* ---- the race ---- */

static const struct contender contenders[] = {
	{"B-tree (swcxl)", 10000000, map_open, map_close, map_insert, map_find, map_split,
	 map_walk},
	{"red-black tree (tsearch)", 1000000, tree_open, tree_close, tree_insert, tree_find,
	 tree_split, tree_walk},
	{"SQLite in memory", 1000000, sql_open, sql_close, sql_insert, sql_find, sql_split,
	 sql_walk},
	{"sorted linked list", 10000, list_open, list_close, list_insert, list_find, list_split,
	 list_walk},
};
#define CONTENDERS (sizeof(contenders) / sizeof(*contenders))

static const struct figure_kind {
	const char *id, *name, *unit;
} kinds[] = {
	{"map.insert", "Insert a range, random order", "ns"},
	{"map.find", "Look a line up", "ns"},
	{"map.split", "Clear a line inside a range", "ns"},
	{"map.walk", "Walk over all ranges in order", "ns per range"},
	{"map.bytes", "Memory", "bytes per range"},
};
enum { INSERT, LOOKUP, SPLIT, WALK, BYTES, KINDS };

static double result[KINDS][CONTENDERS][SIZES];

static uint64_t *shuffled(size_t n)
{
	uint64_t *start = must(malloc(n * sizeof(*start)));

	for (size_t i = 0; i < n; i++) {
		size_t j = next_random() % (i + 1);

		start[i] = start[j];
		start[j] = i * STRIDE;
	}
	return start;
}

/* The shortest of some repetitions, of which small sizes get more. */
static void keep(double *best, double t0, size_t operations)
{
	double ns = (seconds() - t0) * 1e9 / (double)operations;

	if (*best == 0 || ns < *best)
		*best = ns;
}

static void race(const struct contender *c, size_t n, unsigned size)
{
	size_t who = (size_t)(c - contenders), some = n < MOST_PER_STEP ? n : MOST_PER_STEP;
	uint64_t *start = shuffled(n);
	size_t before = allocated();
	double t0 = seconds();

	c->open();
	for (size_t i = 0; i < n; i++)
		c->insert(start[i], LINES);
	keep(&result[INSERT][who][size], t0, n);
	result[BYTES][who][size] = (double)(allocated() - before) / (double)n;
	free(start);

	start = shuffled(n); /* not in the order in which they came */
	t0 = seconds();
	for (size_t i = 0; i < some; i++)
		if (!c->find(start[i] + 1))
			abort();
	keep(&result[LOOKUP][who][size], t0, some);
	t0 = seconds();
	if (c->walk() != n * LINES)
		abort();
	keep(&result[WALK][who][size], t0, n);
	t0 = seconds();
	for (size_t i = 0; i < some; i++)
		c->split(start[i] + 1);
	keep(&result[SPLIT][who][size], t0, some);
	if (c->walk() != n * LINES - some || c->find(start[0] + 1) || !c->find(start[0] + 2))
		abort();
	c->close();
	free(start);
}

static void print(unsigned kind, const size_t *sizes)
{
	const struct figure_kind *k = &kinds[kind];

	printf("{\"group\":\"map\",\"id\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\","
	       "\"x\":\"ranges\",\"curves\":{",
	       k->id, k->name, k->unit);
	fprintf(stderr, "%s, %s\n", k->name, k->unit);
	for (size_t i = 0; i < CONTENDERS; i++) {
		printf("%s\"%s\":[", i ? "," : "", contenders[i].name);
		fprintf(stderr, "  %-26s", contenders[i].name);
		for (unsigned s = 0; s < SIZES && result[kind][i][s] > 0; s++) {
			printf("%s[%zu,%.4g]", s ? "," : "", sizes[s], result[kind][i][s]);
			fprintf(stderr, " %9.4g", result[kind][i][s]);
		}
		printf("]");
		fprintf(stderr, "\n");
	}
	printf("},\"log\":true}\n");
}

int main(int argc, char **argv)
{
	static const size_t sizes[SIZES] = {1000, 10000, 100000, 1000000, 10000000};
	size_t max = argc > 1 ? strtoull(argv[1], NULL, 0) : sizes[SIZES - 1];

	for (unsigned s = 0; s < SIZES && sizes[s] <= max; s++)
		for (unsigned round = 0; round < (sizes[s] <= 100000 ? 3 : 1); round++)
			for (const struct contender *c = contenders; c < contenders + CONTENDERS;
			     c++)
				if (sizes[s] <= c->max)
					race(c, sizes[s], s);
	for (unsigned kind = 0; kind < KINDS; kind++)
		print(kind, sizes);
	return 0;
}
