/* SPDX-License-Identifier: MIT */
/*
 * What a mailbox command costs a vfio-user client without a VMM in between: everything by messages,
 * the payload mapped, and the registers mapped too. One message is the floor of the first two.
 * Prints a JSON object a line, as bench/run collects them.
 *
 *	mailbox_bench SWCXL
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/util.h"
#include "front/vfio/proto.h"
#include "swcxl/swcxl.h"
#include "wire/registers.h"

#define RUNS 5
#define COMMANDS 3000
#define PAYLOAD 4096u
#define RECORDS 100
#define BLOCK 0x10000u /* of device registers in the BAR */

/* A device, and the one connection to it. */
struct peer {
	pid_t pid;
	int fd;
	uint8_t *payload, *registers; /* mapped, or NULL: by messages */
};

static uint64_t primary; /* where the primary mailbox lies in the BAR */

static void fail(const char *what)
{
	fprintf(stderr, "mailbox_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- vfio-user ---- */

/* struct iovec has no const. */
static void *as_iov(const void *p)
{
	return (void *)(uintptr_t)p;
}

/* One message and its reply, whose body has to be of this length. *fd: what came with it. */
static void talk(const struct peer *p, uint16_t command, const void *body, size_t len,
		 const void *more, size_t more_len, void *reply, size_t reply_len, int *fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct vfio_header h = {0}, back;
	struct iovec out[3] = {{&h, sizeof(h)}, {as_iov(body), len}, {as_iov(more), more_len}};
	struct iovec in[2] = {{&back, sizeof(back)}, {reply, reply_len}};
	struct msghdr msg = {.msg_iov = in, .msg_iovlen = 2, .msg_control = control.bytes};
	size_t got = 0;

	wr(&h.command, command);
	wr(&h.size, (uint32_t)(sizeof(h) + len + more_len));
	if (writev(p->fd, out, 3) != (ssize_t)(sizeof(h) + len + more_len))
		fail("send");
	while (got < sizeof(back) + reply_len) {
		ssize_t n;

		msg.msg_controllen = sizeof(control.bytes);
		n = recvmsg(p->fd, &msg, MSG_CMSG_CLOEXEC);
		if (n <= 0)
			fail("receive");
		if (fd && msg.msg_controllen)
			memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
		got += (size_t)n;
		for (unsigned i = 0; i < 2; i++) {
			size_t part = MIN((size_t)n, in[i].iov_len);

			in[i].iov_base = (uint8_t *)in[i].iov_base + part;
			in[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	if (rd(back.flags) & VFIO_ERROR)
		fail("the device refuses");
}

static void access_region(const struct peer *p, bool write, uint64_t offset, void *data,
			  uint32_t len)
{
	struct vfio_access a = {0};
	uint8_t reply[sizeof(a) + PAYLOAD];

	wr(&a.offset, offset);
	wr(&a.region, SWCXL_BAR_DEVICE);
	wr(&a.count, len);
	talk(p, write ? VFIO_REGION_WRITE : VFIO_REGION_READ, &a, sizeof(a), data, write ? len : 0,
	     reply, sizeof(a) + (write ? 0 : len), NULL);
	if (!write)
		memcpy(data, reply + sizeof(a), len);
}

static uint64_t get(const struct peer *p, unsigned reg, unsigned width)
{
	uint64_t value = 0;

	if (!p->registers)
		access_region(p, false, primary + reg, &value, width);
	else if (width == 8)
		value = *(volatile uint64_t *)(p->registers + reg);
	else
		value = *(volatile uint32_t *)(p->registers + reg);
	return value;
}

static void put(const struct peer *p, unsigned reg, uint64_t value, unsigned width)
{
	if (!p->registers)
		access_region(p, true, primary + reg, &value, width);
	else if (width == 8)
		*(volatile uint64_t *)(p->registers + reg) = value;
	else
		*(volatile uint32_t *)(p->registers + reg) = (uint32_t)value;
}

/* ---- a mailbox, driven as Linux does ---- */

static unsigned command(const struct peer *p, unsigned opcode, const void *in, uint32_t in_len,
			void *out, uint32_t *out_len)
{
	uint64_t reg;

	if (get(p, MBOX_CONTROL, 4) & MBOX_CONTROL_DOORBELL)
		fail("the doorbell is set");
	if (in_len && p->payload)
		memcpy(p->payload, in, in_len);
	else if (in_len)
		access_region(p, true, primary + MBOX_PAYLOAD, as_iov(in), in_len);
	put(p, MBOX_COMMAND, opcode | (uint64_t)in_len << 16, 8);
	put(p, MBOX_CONTROL, MBOX_CONTROL_DOORBELL, 4);
	while (get(p, MBOX_CONTROL, 4) & MBOX_CONTROL_DOORBELL)
		;
	reg = get(p, MBOX_STATUS, 8);
	*out_len = MBOX_COMMAND_LENGTH(get(p, MBOX_COMMAND, 8));
	if (*out_len && p->payload)
		memcpy(out, p->payload, *out_len);
	else if (*out_len)
		access_region(p, false, primary + MBOX_PAYLOAD, out, *out_len);
	return MBOX_STATUS_RC(reg);
}

/* ---- devices ---- */

static void start(struct peer *p, const char *swcxl, const char *poll)
{
	int pair[2];
	char fd[12];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("socketpair");
	p->pid = fork();
	if (p->pid == 0) {
		int end = dup(pair[1]); /* without CLOEXEC */

		snprintf(fd, sizeof(fd), "%d", end);
		execl(swcxl, swcxl, "--volatile", "256M", "--persistent", "256M", "--poll", poll,
		      "--exit-with-parent", "--fd", fd, (char *)NULL);
		fail(swcxl);
	}
	close(pair[1]);
	p->fd = pair[0];
}

static void attach(struct peer *p, bool map, bool map_registers)
{
	static const char json[] = "{\"capabilities\":{\"max_msg_fds\":1}}";
	struct vfio_version version = {0};
	struct vfio_region_info info = {0};
	uint8_t reply[4096], head[0x30];
	int fd = -1;
	size_t capabilities = strlen("{\"capabilities\":{\"max_msg_fds\":16}}") + 1;

	talk(p, VFIO_VERSION, &version, sizeof(version), json, sizeof(json), reply,
	     sizeof(version) + capabilities, NULL);
	access_region(p, false, BLOCK + DEVCAP_HEADER(1), head, 16);
	memcpy(&primary, head + 4, 4);
	primary = BLOCK + (uint32_t)primary;
	wr(&info.argsz, sizeof(info));
	wr(&info.index, SWCXL_BAR_DEVICE);
	talk(p, VFIO_GET_REGION_INFO, &info, sizeof(info), NULL, 0, reply, sizeof(info), &fd);
	if (map) {
		p->payload = mmap(NULL, PAYLOAD, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				  (off_t)(primary + MBOX_PAYLOAD));
		if (p->payload == MAP_FAILED)
			fail("map the payload");
	}
	if (map_registers) {
		p->registers = mmap(NULL, SWCXL_REGISTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				    fd, (off_t)(primary + MBOX_PAYLOAD - SWCXL_REGISTERS_SIZE));
		if (p->registers == MAP_FAILED)
			fail("map the registers");
		p->registers += SWCXL_REGISTERS_SIZE - MBOX_PAYLOAD;
	}
	close(fd);
}

static void inject(const struct peer *p)
{
	uint8_t out[PAYLOAD];
	uint32_t len;

	for (uint64_t i = 0; i < RECORDS; i++) {
		uint64_t address = 256 * i;

		if (command(p, 0x4301, &address, sizeof(address), out, &len))
			fail("Inject Poison");
	}
}

/* ---- measuring ---- */

static const struct workload {
	const char *id, *name;
	unsigned opcode;
	uint32_t in_len, out_len;
} workloads[] = {
	{"identify", "Identify Memory Device", 0x4000, 0, 0x45},
	{"list", "Get Poison List, 100 records", 0x4300, 16, 0x20 + 16 * RECORDS},
	{"lsa", "Set LSA, full payload", 0x4103, PAYLOAD, 0},
};

enum mode { MESSAGES, MAPPED, ZERO_EXIT, MODES };
static const char *const mode_name[MODES] = {"all by messages", "payload mapped", "swcxl"};

static double run(const struct peer *p, const struct workload *w)
{
	uint8_t in[PAYLOAD] = {0}, out[PAYLOAD];
	double begin = now_ns();
	uint32_t len;

	if (w->opcode == 0x4300)
		in[9] = 0x40; /* lines of 64 bytes: 1 MiB */
	for (unsigned i = 0; i < COMMANDS; i++)
		if (command(p, w->opcode, in, w->in_len, out, &len) || len != w->out_len)
			fail(w->name);
	return (now_ns() - begin) / COMMANDS;
}

static double messages(const struct peer *p, unsigned count, bool idle)
{
	const struct timespec pause = {0, 2000000};
	double sum = 0, begin = now_ns();
	uint32_t value;

	if (!idle) {
		for (unsigned i = 0; i < count; i++)
			access_region(p, false, BLOCK, &value, sizeof(value));
		return (now_ns() - begin) / count;
	}
	for (unsigned i = 0; i < count; i++) {
		nanosleep(&pause, NULL);
		begin = now_ns();
		access_region(p, false, BLOCK, &value, sizeof(value));
		sum += now_ns() - begin;
	}
	return sum / count;
}

/* ---- what an idle client costs ---- */

#define IDLE_NS (2 * NS_PER_S)
#define POLL_NS 1900000 /* the default of --poll */

/* Nanoseconds that a process has been on a processor. */
static double cpu_ns(pid_t pid)
{
	char path[40];
	double ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%lf", &ns) != 1)
		fail(path);
	fclose(file);
	return ns;
}

/* Percent of a processor: of the device, and of a process that does nothing but sleep as often. */
static void idle(const struct peer *p, double *device, double *floor)
{
	const struct timespec period = {0, POLL_NS};
	double begin = now_ns(), before = cpu_ns(p->pid), own = cpu_ns(getpid());

	while (now_ns() - begin < (double)IDLE_NS)
		nanosleep(&period, NULL);
	*device = (cpu_ns(p->pid) - before) / (now_ns() - begin) * 100;
	*floor = (cpu_ns(getpid()) - own) / (now_ns() - begin) * 100;
}

static void print_series(const char *name, const double values[RUNS], bool last)
{
	printf("\"%s\":[", name);
	for (unsigned i = 0; i < RUNS; i++)
		printf(values[i] < 100 ? "%s%.2f" : "%s%.0f", i ? "," : "", values[i]);
	printf("]%s", last ? "}" : ",");
}

static void print_head(const char *id, const char *name, const char *unit)
{
	printf("{\"group\":\"mailbox\",\"id\":\"mailbox.%s\",\"name\":\"%s\","
	       "\"unit\":\"%s\",\"better\":\"less\",\"series\":{",
	       id, name, unit);
}

int main(int argc, char **argv)
{
	static struct peer peer[MODES];
	double floor[RUNS], slept[RUNS], series[MODES][RUNS];

	if (argc != 2) {
		fprintf(stderr, "usage: mailbox_bench SWCXL\n");
		return 2;
	}
	for (unsigned m = 0; m < MODES; m++) {
		start(&peer[m], argv[1], m == ZERO_EXIT ? "1900us" : "0");
		attach(&peer[m], m != MESSAGES, m == ZERO_EXIT);
		inject(&peer[m]);
	}
	for (unsigned w = 0; w < ARRAY_SIZE(workloads); w++) {
		for (unsigned r = 0; r < RUNS; r++) {
			floor[r] = messages(&peer[MESSAGES], COMMANDS, false);
			for (unsigned m = 0; m < MODES; m++)
				series[m][r] = run(&peer[m], &workloads[w]);
		}
		print_head(workloads[w].id, workloads[w].name, "ns per command");
		for (unsigned m = 0; m < MODES; m++)
			print_series(mode_name[m], series[m], false);
		print_series("one message", floor, true);
		printf(",\"ours\":\"swcxl\",\"peer\":\"all by messages\",\"floor\":\"one message\","
		       "\"target\":null,\"notes\":\"a client without a VMM\"}\n");
	}
	for (unsigned r = 0; r < RUNS; r++) {
		floor[r] = messages(&peer[MESSAGES], 200, false);
		slept[r] = messages(&peer[MESSAGES], 200, true);
	}
	print_head("awake", "A message soon after another, and after a pause", "ns per message");
	print_series("swcxl", floor, false);
	print_series("after a pause", slept, true);
	printf(",\"ours\":\"swcxl\",\"peer\":\"after a pause\",\"floor\":null,\"target\":null,"
	       "\"notes\":\"after a pause the device sleeps, as a server that only blocks always "
	       "does; the client had slept too\"}\n");
	for (unsigned r = 0; r < RUNS; r++)
		idle(&peer[ZERO_EXIT], &series[ZERO_EXIT][r], &floor[r]);
	print_head("idle", "A client with mapped registers that does nothing", "% of a processor");
	print_series("swcxl", series[ZERO_EXIT], false);
	print_series("sleeping as often", floor, true);
	printf(",\"ours\":\"swcxl\",\"peer\":null,\"floor\":\"sleeping as often\","
	       "\"target\":{\"of\":\"value\",\"max\":1},\"notes\":\"Nothing but waking "
	       "up every 1.9 ms.\"}\n");
	for (unsigned m = 0; m < MODES; m++) {
		kill(peer[m].pid, SIGTERM);
		waitpid(peer[m].pid, NULL, 0);
	}
	return 0;
}
