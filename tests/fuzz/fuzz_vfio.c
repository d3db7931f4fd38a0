/* SPDX-License-Identifier: MIT */
/*
 * Connections of a vfio-user client, message by message, without the socket: any command, any
 * body, real descriptors of many kinds. Replies must be well formed, no descriptor may stay.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../model/device.h"
#include "base/util.h"
#include "front/vfio/session.h"
#include "input.h"
#include "vfio_script.h"

#define MESSAGES_MAX 60u

static struct test_device t;
static struct vfio_irqs irqs;
static struct vfio_payload payload;
static struct vfio_stats stats;
static struct vfio_session session;
static uint8_t *room; /* for a reply's body, of exactly the size that is promised */

static void on_irq(void *ctx, unsigned vector)
{
	(void)ctx;
	MUST(vector < SWCXL_MSIX_VECTORS);
	vfio_irqs_fire(&irqs, vector);
}

static unsigned open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	MUST(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* ---- a connection, as the server has it ---- */

static void connect_client(void)
{
	vfio_payload_open(&payload, t.dev, true);
	session = (struct vfio_session){
		.dev = t.dev, .irqs = &irqs, .payload = &payload, .stats = &stats};
}

static void client_goes(void)
{
	if (session.versioned)
		swcxl_reset(t.dev, SWCXL_RESET_ATTACH);
	vfio_irqs_detach(&irqs);
	vfio_payload_close(&payload, t.dev);
}

/* ---- messages ---- */

static int make_fd(unsigned kind, const struct vfio_message *m)
{
	int pair[2];

	switch (kind % FD_KINDS) {
	case FD_EVENTFD:
		return eventfd(0, EFD_CLOEXEC);
	case FD_FULL:
		return eventfd(UINT32_MAX, EFD_CLOEXEC | EFD_SEMAPHORE);
	case FD_SOCKET:
		MUST(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
		close(pair[1]);
		return pair[0];
	case FD_CLOSED_PIPE:
		MUST(!pipe2(pair, O_CLOEXEC));
		close(pair[0]);
		return pair[1];
	case FD_DIRECTORY:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case FD_PATH:
		return open("/", O_PATH | O_CLOEXEC);
	case FD_SAME:
		return m->fds ? fcntl(m->fd[0], F_DUPFD_CLOEXEC, 0) : eventfd(1, EFD_CLOEXEC);
	default:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
}

static void take_fds(struct input *in, struct vfio_message *m)
{
	for (unsigned n = (unsigned)take(in, 1) & 31; n > 0; n--) {
		unsigned kind = (unsigned)take(in, 1);

		if (m->fds == VFIO_FDS_MAX) {
			m->fds_lost = true;
			continue;
		}
		m->fd[m->fds] = make_fd(kind, m);
		MUST(m->fd[m->fds] >= 0);
		m->fds++;
	}
}

/* Numbers of few bits are likely; a byte above 0xf8 is followed by all of a wide one. */
static uint64_t take_field(struct input *in, unsigned width)
{
	static const uint64_t odd[] = {
		UINT64_MAX, UINT32_MAX, 1ull << 63, VFIO_TRANSFER_MAX, VFIO_TRANSFER_MAX + 1, 4095,
	};
	uint8_t n = (uint8_t)take(in, 1);
	uint64_t v = n;

	if (n >= 0xf8)
		v = take(in, width);
	else if (n >= 0xf0)
		v = odd[n % ARRAY_SIZE(odd)];
	else if (width == 8 && n >= 0x80) /* near the registers of a mailbox */
		v = swcxl_payload_offset(t.dev, n & 1) - 32 + (n >> 1 & 0x3f);
	return width == 8 ? v : v & ((1ull << 8 * width) - 1);
}

static uint32_t take_body(struct input *in, uint16_t command, bool raw, uint8_t *body, uint32_t cap)
{
	uint32_t len = 0, tail;

	for (unsigned i = 0; !raw && i < ARRAY_SIZE(vfio_fields); i++) {
		const struct vfio_fields *f = &vfio_fields[i];

		for (unsigned k = 0; f->command == command && k < 6 && f->width[k]; k++) {
			uint64_t v = take_field(in, f->width[k]);

			if (k == 0 && f->argsz && v == 0)
				v = f->argsz;
			le_store(body + len, MIN(f->width[k], 4u), v & UINT32_MAX);
			if (f->width[k] == 8)
				le_store(body + len + 4, 4, v >> 32);
			len += f->width[k];
		}
	}
	tail = (uint32_t)take(in, 2) % 1200;
	tail = MIN(tail, cap - len);
	take_bytes(in, body + len, tail);
	return len + tail;
}

static void check_reply(const struct vfio_message *m, const struct vfio_reply *r,
			enum vfio_verdict verdict)
{
	uint32_t flags = rd(r->header.flags);

	MUST(rd(r->header.size) == sizeof(r->header) + r->len);
	MUST(r->len <= VFIO_MESSAGE_MAX - sizeof(r->header));
	MUST(rd(r->header.id) == rd(m->header->id));
	MUST(rd(r->header.command) == rd(m->header->command));
	MUST(flags == VFIO_TYPE_REPLY || (flags == (VFIO_TYPE_REPLY | VFIO_ERROR) && !r->len));
	MUST(!(flags & VFIO_ERROR) == !rd(r->header.error));
	MUST(r->fd == -1 || r->fd == payload.fd);
	MUST((verdict == VFIO_CLOSE || verdict == VFIO_CLOSE_SILENT) == !session.versioned);
	MUST((verdict == VFIO_SILENT || verdict == VFIO_CLOSE_SILENT) ==
	     !!(rd(m->header->flags) & VFIO_NO_REPLY));
#ifdef FUZZ_CANARY /* a defect to be found: a read of more than 64 bytes */
	const struct vfio_access *in = (const void *)m->body;

	MUST(rd(m->header->command) != VFIO_REGION_READ || flags & VFIO_ERROR ||
	     rd(in->count) <= 64);
#endif
}

/* One message. False: the connection has ended. */
static bool message(struct input *in)
{
	static uint8_t bytes[4096];
	struct vfio_header header;
	struct vfio_reply reply = {.body = room};
	struct vfio_message m = {.header = &header};
	uint16_t command = (uint16_t)take(in, 1);
	uint8_t form = (uint8_t)take(in, 1);
	enum vfio_verdict verdict;
	uint8_t *body;

	memset(&header, 0, sizeof(header));
	command = command < 16 ? command : (uint16_t)take(in, 2);
	take_fds(in, &m);
	m.fds_lost |= !!(form & FORM_FDS_LOST);
	m.len = take_body(in, command, form & FORM_RAW, bytes, sizeof(bytes));
	body = malloc(m.len ? m.len : 1);
	MUST(body);
	memcpy(body, bytes, m.len);
	m.body = body;
	wr(&header.id, 7 + m.len);
	wr(&header.command, command);
	wr(&header.size, sizeof(header) + m.len);
	wr(&header.flags, form & FORM_NO_REPLY ? VFIO_NO_REPLY : 0);
	MUST(vfio_header_ok(&header));
	verdict = vfio_session_handle(&session, &m, &reply);
	check_reply(&m, &reply, verdict);
	for (unsigned i = 0; i < m.fds; i++)
		if (m.fd[i] >= 0)
			close(m.fd[i]);
	free(body);
	if (form & FORM_FIRE)
		vfio_irqs_fire(&irqs, form >> 5);
	return session.versioned && !(form & FORM_GONE);
}

/* A header alone: whether a stream can go on behind it. */
static void header_alone(struct input *in)
{
	struct vfio_header header;

	take_bytes(in, &header, sizeof(header));
	if (vfio_header_ok(&header))
		MUST(rd(header.size) >= 16 && rd(header.size) <= VFIO_MESSAGE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint8_t choice = (uint8_t)take(&in, 1);
	struct swcxl_config c;
	unsigned before;

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	room = room ? room : malloc(VFIO_MESSAGE_MAX - sizeof(struct vfio_header));
	MUST(room);
	before = open_fds();
	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = SWCXL_CAPACITY_UNIT;
	c.payload_size = 256u << choice % 6;
	c.lsa_size = choice & 0x40 ? 1280 : 0;
	c.media_memory_max = 4096;
	test_device_open(&t, &c);
	swcxl_free(t.dev);
	t.host.irq = on_irq;
	MUST(!swcxl_new(&c, &t.host, &t.dev));
	vfio_irqs_init(&irqs);
	header_alone(&in);
	connect_client();
	for (unsigned i = 0; in.len && i < MESSAGES_MAX; i++) {
		if (!message(&in)) {
			client_goes();
			connect_client();
		}
		swcxl_advance(t.dev, swcxl_now(t.dev) + 100000);
	}
	client_goes();
	test_device_close(&t);
	MUST(open_fds() == before);
	return 0;
}
