/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../model/model_test.h"
#include "base/le.h"
#include "base/util.h"
#include "wire/registers.h"

#define PATIENCE_S 60 /* a machine may have other things to do */
#define PAGE 4096u
#define FIRST_PAYLOAD 0x12000u /* in BAR 2, as src/core/mailbox.c says; each with a page before */

/* ---- the command line, from the table of options ---- */

enum kind { SIZE, TIME, NUMBER, HEX, CHOICE, ONOFF, FLAG, REGIONS, TEXT };

static void add(struct peer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct peer *p, const char *format, ...)
{
	unsigned n = 0;
	va_list args;

	while (p->argv[n])
		n++;
	CHECK(n + 1 < ARRAY_SIZE(p->argv));
	va_start(args, format);
	CHECK(vasprintf(&p->argv[n], format, args) > 0);
	va_end(args);
}

/* One of the words, which bars part. */
static void add_choice(struct peer *p, const char *name, const char *words, uint64_t value)
{
	for (; value; value--)
		words = strchr(words, '|') + 1;
	add(p, "--%s=%.*s", name, (int)strcspn(words, "|"), words);
}

static void add_regions(struct peer *p, const char *name, const uint8_t *flags)
{
	for (unsigned i = 0; i < SWCXL_DC_REGIONS; i++)
		if (flags[i])
			add(p, "--%s=%u=0x%x", name, i, flags[i]);
}

static void add_option(struct peer *p, enum kind kind, const char *name, const char *words,
		       const void *field, size_t size)
{
	uint64_t value = kind == REGIONS ? 0 : le_load(field, (unsigned)size);

	switch (kind) {
	case SIZE:
	case NUMBER:
		add(p, "--%s=%" PRIu64, name, value);
		break;
	case TIME:
		add(p, "--%s=%" PRIu64 "ns", name, value);
		break;
	case CHOICE:
		add_choice(p, name, words, value);
		break;
	case ONOFF:
		add(p, "--%s=%s", name, value ? "on" : "off");
		break;
	case FLAG:
		if (value)
			add(p, "--%s", name);
		break;
	case REGIONS:
		add_regions(p, name, field);
		break;
	default: /* the serial number follows from the name */
		break;
	}
}

static const char *program(void)
{
	const char *path = getenv("SWCXL");

	return path ? path : "build/swcxl";
}

void peer_make(struct peer *p, const struct swcxl_config *config)
{
	const char *where = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";

	memset(p->argv, 0, sizeof(p->argv));
	snprintf(p->dir, sizeof(p->dir), "%s/swcxl-soak-XXXXXX", where);
	CHECK(mkdtemp(p->dir));
	add(p, "%s", program());
#define DEVICE_OPTION(name, field, kind, words, ...) \
	add_option(p, kind, name, words, &config->field, sizeof(config->field));
#include "tbl/options.tbl.h"
	add(p, "--clock=virtual");
	add(p, "--state=%s/state", p->dir);
	add(p, "--qmp=%s/qmp", p->dir);
	add(p, "--socket-path=%s/vfio", p->dir);
	add(p, "--exit-with-parent");
}

/* ---- the process ---- */

static int try_connect(const struct peer *p, const char *name)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", p->dir, name);
	CHECK(fd >= 0);
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static struct json_object *receive(struct peer *p)
{
	struct json_object *object;

	CHECK(getline(&p->line, &p->line_size, p->qmp) > 0);
	object = json_tokener_parse(p->line);
	CHECK(object);
	return object;
}

void peer_start(struct peer *p)
{
	int fd;

	p->pid = fork();
	CHECK(p->pid >= 0);
	if (p->pid == 0) {
		execv(p->argv[0], p->argv);
		perror(p->argv[0]);
		_exit(127);
	}
	for (unsigned i = 0; (fd = try_connect(p, "qmp")) < 0; i++) {
		CHECK(waitpid(p->pid, NULL, WNOHANG) == 0 && i < PATIENCE_S * 1000);
		usleep(1000);
	}
	p->qmp = fdopen(fd, "r");
	CHECK(p->qmp);
	json_object_put(receive(p)); /* its greeting */
	json_object_put(peer_qmp(p, "qmp_capabilities", NULL));
	p->guest = -1;
}

void peer_end(struct peer *p, int sig)
{
	int status;

	CHECK(!kill(p->pid, sig) && waitpid(p->pid, &status, 0) == p->pid);
	CHECK(sig == SIGKILL ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL : status == 0);
	fclose(p->qmp);
	peer_detach(p);
}

void peer_drop(struct peer *p)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	CHECK(system(command) == 0);
	for (unsigned i = 0; p->argv[i]; i++)
		free(p->argv[i]);
	free(p->line);
	p->line = NULL;
}

/* ---- a control client ---- */

static void send_text(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		CHECK(n > 0);
		text += n;
		len -= (size_t)n;
	}
}

void peer_request(struct peer *p, const char *command, struct json_object *args)
{
	struct json_object *request = json_object_new_object();
	const char *text;

	json_object_object_add(request, "execute", json_object_new_string(command));
	if (args)
		json_object_object_add(request, "arguments", args);
	text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	send_text(fileno(p->qmp), text, strlen(text));
	json_object_put(request);
	p->requests++;
}

struct json_object *peer_qmp(struct peer *p, const char *command, struct json_object *args)
{
	struct json_object *answer, *value;

	peer_request(p, command, args);
	while (answer = receive(p), json_object_object_get_ex(answer, "event", &value)) {
		p->hear(json_object_get_string(value), json_object_object_get(answer, "data"));
		json_object_put(answer);
	}
	if (json_object_object_get_ex(answer, "error", &value))
		snprintf(p->error, sizeof(p->error), "%s",
			 json_object_get_string(json_object_object_get(value, "desc")));
	value = json_object_get(json_object_object_get(answer, "return"));
	json_object_put(answer);
	return value;
}

void peer_intrude(struct peer *p, const void *text, size_t len)
{
	int fd = try_connect(p, "qmp");

	CHECK(fd >= 0);
	send(fd, text, len, MSG_NOSIGNAL);
	close(fd);
	if (p->guest < 0)
		return;
	fd = try_connect(p, "vfio"); /* and another guest, where there is one: it has to go */
	CHECK(fd >= 0);
	CHECK(recv(fd, &(char){0}, 1, 0) == 0);
	close(fd);
}

/* ---- a guest ---- */

enum { VERSION = 1, REGION_INFO = 5, SET_IRQS = 8, REGION_READ = 9, REGION_WRITE = 10 };

#define HEADER 16u
#define MESSAGE_MAX (HEADER + 16 + PAGE)

/* A message; returns the length of its reply's body. *fd: a descriptor that came along, or -1. */
static uint32_t call(struct peer *p, unsigned command, const void *body, uint32_t len,
		     const int *fds, unsigned n_fds, uint8_t *reply, int *fd)
{
	union {
		struct cmsghdr align;
		char b[CMSG_SPACE(sizeof(int) * PEER_VECTORS)];
	} control = {0};
	uint8_t message[MESSAGE_MAX];
	struct iovec iov = {message, HEADER + len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	uint32_t size;

	CHECK(HEADER + len <= sizeof(message));
	memset(message, 0, HEADER);
	le_store(message + 2, 2, command);
	le_store(message + 4, 4, HEADER + len);
	memcpy(message + HEADER, body, len);
	if (n_fds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&msg);
		*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int) * n_fds),
				      .cmsg_level = SOL_SOCKET,
				      .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	CHECK(sendmsg(p->guest, &msg, MSG_NOSIGNAL) == (ssize_t)(HEADER + len));
	iov.iov_len = HEADER;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	CHECK(recvmsg(p->guest, &msg, MSG_WAITALL) == HEADER);
	size = (uint32_t)le_load(message + 4, 4) - HEADER;
	CHECK(message[8] == 1 && size <= MESSAGE_MAX); /* a reply, and no error */
	CHECK(!size || recv(p->guest, reply, size, MSG_WAITALL) == (ssize_t)size);
	c = CMSG_FIRSTHDR(&msg);
	if (fd)
		*fd = -1;
	if (c && c->cmsg_type == SCM_RIGHTS) {
		CHECK(fd && c->cmsg_len == CMSG_LEN(sizeof(int)));
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	}
	p->accesses++;
	return size;
}

static uint64_t payload_at(unsigned box)
{
	return FIRST_PAYLOAD + box * 2ull * PAGE;
}

/* The areas of BAR 2 that can be mapped: those with a payload, while the guest is there. */
static void map(struct peer *p)
{
	uint8_t ask[32] = {0}, reply[MESSAGE_MAX];
	uint32_t len;
	int fd;

	le_store(ask, 4, 256);
	le_store(ask + 8, 4, SWCXL_BAR_DEVICE);
	len = call(p, REGION_INFO, ask, sizeof(ask), NULL, 0, reply, &fd);
	CHECK(len > 48 && fd >= 0);
	for (uint64_t i = 0; i < le_load(reply + 32 + 8, 4); i++) {
		const uint8_t *area = reply + 48 + 16 * i;
		uint64_t at = le_load(area, 8), end = at + le_load(area + 8, 8);

		for (unsigned box = 0; box < SWCXL_MAILBOXES; box++) {
			uint64_t payload = payload_at(box);

			if (at > payload || payload >= end)
				continue;
			p->payload[box] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
					       (off_t)(le_load(reply + 24, 8) + payload));
			CHECK(p->payload[box] != MAP_FAILED);
		}
	}
	CHECK(p->payload[0] && p->payload[1]);
	close(fd);
}

static void set_vectors(struct peer *p)
{
	const uint32_t fields[] = {20, 4 | 32, 2, 0, PEER_VECTORS};
	uint8_t body[20], reply[MESSAGE_MAX];

	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++)
		le_store(body + 4 * i, 4, fields[i]);
	for (unsigned i = 0; i < PEER_VECTORS; i++) {
		p->vector[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		CHECK(p->vector[i] >= 0);
	}
	call(p, SET_IRQS, body, sizeof(body), p->vector, PEER_VECTORS, reply, NULL);
}

void peer_attach(struct peer *p, bool mapped)
{
	static const char hello[] = "\0\0\1\0{\"capabilities\":{\"max_msg_fds\":16}}";
	uint8_t reply[MESSAGE_MAX];

	p->guest = try_connect(p, "vfio");
	CHECK(p->guest >= 0);
	call(p, VERSION, hello, sizeof(hello), NULL, 0, reply, NULL);
	set_vectors(p);
	if (mapped)
		map(p);
}

void peer_detach(struct peer *p)
{
	if (p->guest < 0)
		return;
	close(p->guest);
	p->guest = -1;
	for (unsigned i = 0; i < PEER_VECTORS; i++)
		close(p->vector[i]);
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++) {
		if (p->payload[i])
			munmap(p->payload[i], PAGE);
		p->payload[i] = NULL;
	}
}

/* *body: of an access, without its data. */
static void put_access(uint8_t body[16], unsigned region, uint64_t offset, uint32_t len)
{
	le_store(body, 8, offset);
	le_store(body + 8, 4, region);
	le_store(body + 12, 4, len);
}

void peer_read(struct peer *p, unsigned region, uint64_t offset, void *buf, uint32_t len)
{
	uint8_t body[16], reply[MESSAGE_MAX];

	put_access(body, region, offset, len);
	CHECK(call(p, REGION_READ, body, sizeof(body), NULL, 0, reply, NULL) == 16 + len);
	memcpy(buf, reply + 16, len);
}

void peer_write(struct peer *p, unsigned region, uint64_t offset, const void *buf, uint32_t len)
{
	uint8_t body[16 + PAGE], reply[MESSAGE_MAX];

	put_access(body, region, offset, len);
	memcpy(body + 16, buf, len);
	call(p, REGION_WRITE, body, 16 + len, NULL, 0, reply, NULL);
}

unsigned peer_command(struct peer *p, unsigned box, unsigned opcode, const void *in, size_t in_len,
		      uint8_t *out, size_t *out_len)
{
	uint64_t payload = payload_at(box), at = payload - MBOX_PAYLOAD, command;
	uint8_t regs[MBOX_PAYLOAD];

	if (in_len && p->payload[box])
		memcpy(p->payload[box], in, in_len);
	else if (in_len)
		peer_write(p, SWCXL_BAR_DEVICE, payload, in, (uint32_t)in_len);
	le_store(regs, 8, opcode | in_len << 16);
	peer_write(p, SWCXL_BAR_DEVICE, at + MBOX_COMMAND, regs, 8);
	le_store(regs, 4, MBOX_CONTROL_DOORBELL);
	peer_write(p, SWCXL_BAR_DEVICE, at + MBOX_CONTROL, regs, 4);
	do
		peer_read(p, SWCXL_BAR_DEVICE, at, regs, sizeof(regs));
	while (le_load(regs + MBOX_CONTROL, 4) & MBOX_CONTROL_DOORBELL);
	p->commands++;
	command = le_load(regs + MBOX_COMMAND, 8);
	*out_len = MBOX_COMMAND_LENGTH(command);
	CHECK(MBOX_COMMAND_OPCODE(command) == opcode && *out_len <= PAYLOAD);
	if (*out_len && p->payload[box])
		memcpy(out, p->payload[box], *out_len);
	else if (*out_len)
		peer_read(p, SWCXL_BAR_DEVICE, payload, out, (uint32_t)*out_len);
	return MBOX_STATUS_RC(le_load(regs + MBOX_STATUS, 8));
}

/* ---- how big it is ---- */

struct peer_size peer_size(const struct peer *p)
{
	struct peer_size size = {0};
	unsigned long pages;
	char path[64];
	FILE *statm;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/statm", p->pid);
	statm = fopen(path, "r");
	CHECK(statm && fscanf(statm, "%*u %lu", &pages) == 1);
	fclose(statm);
	size.rss = pages * (unsigned long)sysconf(_SC_PAGESIZE) / KiB;
	snprintf(path, sizeof(path), "/proc/%d/fd", p->pid);
	dir = opendir(path);
	CHECK(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		size.fds += e->d_name[0] != '.';
	closedir(dir);
	return size;
}
