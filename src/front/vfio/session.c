/* SPDX-License-Identifier: MIT */
/*
 * One table: a row for each command says the shortest body it needs and whether descriptors may
 * come with it; whatever is not in the table is refused. A handler gets a body that is long
 * enough, fills in the reply's body and returns 0, or returns an errno for an error reply.
 *
 * The table is strict about form and generous about substance: an access inside a region never
 * fails, whatever register it hits, since a guest can cause it and an error would hang one VMM
 * (Cloud Hypervisor) and fill the log of another (QEMU). DMA maps are accepted and forgotten.
 */
#include "front/vfio/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "base/util.h"
#include "loop/loop.h"

#define VERSION_MAX 4096u /* bytes of JSON, 20 times what QEMU sends; each can cost 300 as a tree */
#define MULTI_MAX 200u	  /* entries in a WRITE_MULTI: what QEMU sends at most */

struct request {
	struct vfio_session *session;
	struct vfio_message *message;
	struct vfio_reply *reply;
	const uint8_t *body;
	uint32_t len;
};

/* The reply's body grows by n bytes. */
static void *add(struct request *r, uint32_t n)
{
	void *p = r->reply->body + r->reply->len;

	memset(p, 0, n);
	r->reply->len += n;
	return p;
}

/* ---- VERSION ---- */

/* What a client says of itself, as far as it matters to us. */
struct capabilities {
	bool says_fds, says_transfer;
	bool takes_fd; /* it can receive a descriptor: one, unless it says otherwise */
};

static bool parse_object(struct json_object *json, struct capabilities *c)
{
	struct json_object *list, *value;

	if (!json_object_is_type(json, json_type_object))
		return false;
	if (!json_object_object_get_ex(json, "capabilities", &list))
		return true;
	if (!json_object_is_type(list, json_type_object))
		return false;
	c->says_transfer = json_object_object_get_ex(list, "max_data_xfer_size", NULL);
	c->says_fds = json_object_object_get_ex(list, "max_msg_fds", &value);
	if (c->says_fds)
		c->takes_fd = json_object_get_int64(value) > 0;
	return true;
}

/* The JSON may be missing; when there, it is an object, with its NUL. */
static bool parse_capabilities(const char *text, size_t len, struct capabilities *c)
{
	struct json_tokener *tokener;
	struct json_object *json;
	bool ok;

	*c = (struct capabilities){.takes_fd = true};
	if (len == 0)
		return true;
	if (text[len - 1] != '\0' || strlen(text) != len - 1 || len > VERSION_MAX)
		return false;
	if (!loop_has_room(4096 + 512 * len)) /* json-c does not look at what it gets */
		return false;
	tokener = json_tokener_new_ex(8);
	if (!tokener)
		return false;
	json = json_tokener_parse_ex(tokener, text, (int)len);
	ok = parse_object(json, c);
	json_object_put(json);
	json_tokener_free(tokener);
	return ok;
}

/*
 * The reply offers no key that the client did not send: what we offer has to be a subset. With
 * all of them, the message stays within the 214 bytes that QEMU has room for.
 */
static void add_capabilities(struct request *r, const struct capabilities *c)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "{\"capabilities\":{%s%s%s}}",
			 c->says_fds ? "\"max_msg_fds\":16" : "",
			 c->says_fds && c->says_transfer ? "," : "",
			 c->says_transfer ? "\"max_data_xfer_size\":1048576" : "");

	memcpy(add(r, (uint32_t)n + 1), text, (size_t)n + 1);
}

static int version(struct request *r)
{
	const struct vfio_version *in = (const void *)r->body;
	struct capabilities c;
	struct vfio_version *out;

	if (r->session->versioned || rd(in->major) != 0 ||
	    !parse_capabilities((const char *)(in + 1), r->len - sizeof(*in), &c))
		return EINVAL;
	out = add(r, sizeof(*out));
	wr(&out->minor, MIN(rd(in->minor), 1));
	add_capabilities(r, &c);
	r->session->takes_fd = c.takes_fd;
	r->session->versioned = true;
	/* a VMM attaches: volatile state starts anew (D-39) */
	swcxl_reset(r->session->dev, SWCXL_RESET_ATTACH);
	vfio_irqs_reset(r->session->irqs);
	return 0;
}

/* ---- information ---- */

static int get_info(struct request *r)
{
	const struct vfio_info *in = (const void *)r->body;
	struct vfio_info *out;

	if (rd(in->argsz) < sizeof(*in))
		return EINVAL;
	out = add(r, sizeof(*out));
	wr(&out->argsz, sizeof(*out));
	wr(&out->flags, VFIO_INFO_PCI | VFIO_INFO_RESET);
	wr(&out->regions, VFIO_REGIONS);
	wr(&out->irqs, VFIO_IRQS);
	return 0;
}

static uint64_t region_size(const struct vfio_session *s, uint32_t region)
{
	if (region < SWCXL_BARS)
		return swcxl_bar_size(s->dev, region);
	return region == VFIO_REGION_CONFIG ? SWCXL_CONFIG_SIZE : 0;
}

static void add_sparse(struct request *r)
{
	struct vfio_cap_sparse *cap = add(r, sizeof(*cap));

	wr(&cap->id, VFIO_CAP_SPARSE_ID);
	wr(&cap->version, VFIO_CAP_SPARSE_VERSION);
	wr(&cap->nr_areas, SWCXL_MAILBOXES);
	vfio_payload_areas(r->session->payload, r->session->dev,
			   add(r, SWCXL_MAILBOXES * sizeof(struct vfio_sparse_area)));
}

/*
 * A client first asks with room for the struct alone, learns the size it needs from argsz, and
 * asks again. QEMU rejects a CAPS flag without a valid cap_offset even in the short reply, and
 * there it would be a lie; so the flag is set only where the capabilities are. The descriptor
 * goes with both replies: clients take it from the full one, and one panics without.
 */
static int get_region_info(struct request *r)
{
	const struct vfio_region_info *in = (const void *)r->body;
	const struct vfio_session *s = r->session;
	uint32_t index = rd(in->index), argsz = sizeof(*in), flags = 0;
	bool sparse = index == SWCXL_BAR_DEVICE && s->payload->fd >= 0 && s->takes_fd;
	uint64_t size = region_size(s, index);
	struct vfio_region_info *out;

	if (rd(in->argsz) < sizeof(*in) || index >= VFIO_REGIONS)
		return EINVAL;
	if (size)
		flags = VFIO_REGION_INFO_READ | VFIO_REGION_INFO_WRITE;
	if (sparse) {
		argsz += sizeof(struct vfio_cap_sparse) +
			 SWCXL_MAILBOXES * sizeof(struct vfio_sparse_area);
		flags |= VFIO_REGION_INFO_MMAP;
		r->reply->fd = s->payload->fd;
		s->payload->lent = true;
	}
	out = add(r, sizeof(*out));
	if (sparse && rd(in->argsz) >= argsz) {
		flags |= VFIO_REGION_INFO_CAPS;
		wr(&out->cap_offset, sizeof(*out));
		add_sparse(r);
	}
	wr(&out->argsz, argsz);
	wr(&out->flags, flags);
	wr(&out->index, index);
	wr(&out->size, size);
	return 0;
}

/*
 * One ERR interrupt, which is stored and never fired: with none, QEMU would warn at every start.
 * No NORESIZE: QEMU then attaches vectors as the guest unmasks them, which the pending bits are
 * made for.
 */
static uint32_t irq_count(uint32_t index)
{
	return index == VFIO_IRQ_MSIX ? SWCXL_MSIX_VECTORS : index == VFIO_IRQ_ERR ? 1 : 0;
}

static int get_irq_info(struct request *r)
{
	const struct vfio_irq_info *in = (const void *)r->body;
	uint32_t index = rd(in->index);
	struct vfio_irq_info *out;

	if (rd(in->argsz) < sizeof(*in) || index >= VFIO_IRQS)
		return EINVAL;
	out = add(r, sizeof(*out));
	wr(&out->argsz, sizeof(*out));
	wr(&out->flags, irq_count(index) ? VFIO_IRQ_INFO_EVENTFD : 0);
	wr(&out->index, index);
	wr(&out->count, irq_count(index));
	return 0;
}

/* ---- SET_IRQS ---- */

/*
 * Is every descriptor an eventfd, as far as can be told? Those are anonymous inodes, whose mode
 * has no type. A socket would be worst: holding the client's own end, we would never see it go.
 */
static bool are_eventfds(const struct vfio_message *m)
{
	for (unsigned i = 0; i < m->fds; i++) {
		struct stat st;
		int flags = fcntl(m->fd[i], F_GETFL);

		if (fstat(m->fd[i], &st) || st.st_mode & S_IFMT || flags < 0 || flags & O_PATH)
			return false;
	}
	return true;
}

/* A client's descriptor becomes ours. */
static int take_fd(struct vfio_message *m, unsigned i)
{
	int fd = m->fd[i];

	m->fd[i] = -1;
	return fd;
}

static void attach(struct request *r, uint32_t index, uint32_t start, uint32_t count)
{
	struct vfio_message *m = r->message;

	for (uint32_t i = 0; i < count; i++) {
		int fd = m->fds ? take_fd(m, i) : -1; /* none at all: detach */

		if (index == VFIO_IRQ_ERR)
			vfio_irqs_attach_error(r->session->irqs, fd);
		else
			vfio_irqs_attach(r->session->irqs, start + i, fd);
	}
}

static void trigger(struct request *r, uint32_t start, uint32_t count, const uint8_t *bools)
{
	for (uint32_t i = 0; i < count; i++)
		if (!bools || bools[i])
			vfio_irqs_fire(r->session->irqs, start + i);
}

/* Exactly one kind of data and one action, a range within the index, and what belongs to it. */
static bool irq_set_ok(const struct request *r, const struct vfio_irq_set *in)
{
	uint32_t flags = rd(in->flags), count = rd(in->count), start = rd(in->start);
	uint32_t data = flags & 7, action = flags & 0x38, fds = r->message->fds;
	uint32_t bools = r->len - (uint32_t)sizeof(*in);

	if (rd(in->argsz) < sizeof(*in) || rd(in->index) >= VFIO_IRQS || flags & ~0x3fu)
		return false;
	if (!is_pow2(data) || !is_pow2(action))
		return false;
	if (bools != (data == VFIO_IRQ_SET_BOOL ? count : 0))
		return false;
	if (fds && (data != VFIO_IRQ_SET_EVENTFD || fds != count || !are_eventfds(r->message)))
		return false;
	if (count == 0) /* "disable all", of an index without vectors too */
		return start == 0 && data == VFIO_IRQ_SET_NONE && action == VFIO_IRQ_SET_TRIGGER;
	return range_fits(start, count, irq_count(rd(in->index)));
}

static int set_irqs(struct request *r)
{
	const struct vfio_irq_set *in = (const void *)r->body;
	uint32_t flags = rd(in->flags), index = rd(in->index);
	uint32_t start = rd(in->start), count = rd(in->count);

	if (!irq_set_ok(r, in))
		return EINVAL;
	if (!(flags & VFIO_IRQ_SET_TRIGGER))
		return 0; /* masks are the VMM's business */
	if (count == 0 && index == VFIO_IRQ_MSIX) {
		for (unsigned i = 0; i < SWCXL_MSIX_VECTORS; i++)
			vfio_irqs_attach(r->session->irqs, i, -1);
	} else if (count == 0 && index == VFIO_IRQ_ERR) {
		vfio_irqs_attach_error(r->session->irqs, -1);
	} else if (flags & VFIO_IRQ_SET_EVENTFD) {
		attach(r, index, start, count);
	} else if (index == VFIO_IRQ_MSIX) {
		trigger(r, start, count, flags & VFIO_IRQ_SET_BOOL ? r->body + sizeof(*in) : NULL);
	}
	return 0;
}

/* ---- regions ---- */

static void region_read(struct vfio_session *s, uint32_t region, uint64_t offset, uint8_t *buf,
			uint32_t len)
{
	if (region == VFIO_REGION_CONFIG)
		swcxl_config_read(s->dev, (uint32_t)offset, buf, len);
	else if (region == SWCXL_BAR_MSIX)
		vfio_irqs_read(s->irqs, offset, buf, len);
	else
		swcxl_bar_read(s->dev, region, offset, buf, len);
	s->stats->region_reads++;
}

static void region_write(struct vfio_session *s, uint32_t region, uint64_t offset,
			 const uint8_t *buf, uint32_t len)
{
	if (region == VFIO_REGION_CONFIG)
		swcxl_config_write(s->dev, (uint32_t)offset, buf, len);
	else if (region == SWCXL_BAR_MSIX)
		vfio_irqs_write(s->irqs, offset, buf, len);
	else
		swcxl_bar_write(s->dev, region, offset, buf, len);
	s->stats->region_writes++;
}

static bool access_ok(const struct vfio_session *s, uint32_t region, uint64_t offset, uint32_t len)
{
	uint64_t size = region_size(s, region);

	return region < VFIO_REGIONS && size && len <= VFIO_TRANSFER_MAX &&
	       range_fits(offset, len, size);
}

static int read_region(struct request *r)
{
	const struct vfio_access *in = (const void *)r->body;
	uint32_t region = rd(in->region), len = rd(in->count);
	uint64_t offset = rd(in->offset);

	if (r->len != sizeof(*in) || !access_ok(r->session, region, offset, len))
		return EINVAL;
	memcpy(add(r, sizeof(*in)), in, sizeof(*in));
	region_read(r->session, region, offset, add(r, len), len);
	return 0;
}

static int write_region(struct request *r)
{
	const struct vfio_access *in = (const void *)r->body;
	uint32_t region = rd(in->region), len = rd(in->count);
	uint64_t offset = rd(in->offset);

	if (r->len - sizeof(*in) != len || !access_ok(r->session, region, offset, len))
		return EINVAL;
	region_write(r->session, region, offset, r->body + sizeof(*in), len);
	memcpy(add(r, sizeof(*in)), in, sizeof(*in));
	return 0;
}

static int write_multi(struct request *r)
{
	const struct vfio_multi *in = (const void *)r->body;
	const struct vfio_multi_entry *entry = (const void *)(r->body + sizeof(*in));
	uint64_t n = rd(in->count);

	if (n > MULTI_MAX || r->len != sizeof(*in) + n * sizeof(*entry))
		return EINVAL;
	for (uint64_t i = 0; i < n; i++)
		if (rd(entry[i].count) > sizeof(entry[i].data) ||
		    !access_ok(r->session, rd(entry[i].region), rd(entry[i].offset),
			       rd(entry[i].count)))
			return EINVAL;
	for (uint64_t i = 0; i < n; i++)
		region_write(r->session, rd(entry[i].region), rd(entry[i].offset), entry[i].data,
			     rd(entry[i].count));
	memcpy(add(r, sizeof(*in)), in, sizeof(*in));
	return 0;
}

/* ---- what a device without DMA does about DMA; reset ---- */

static int dma_map(struct request *r)
{
	const struct vfio_dma_map *in = (const void *)r->body;

	return rd(in->argsz) < sizeof(*in) || r->message->fds > 1 ? EINVAL : 0;
}

/* The whole entry comes back: a header alone would hang Cloud Hypervisor. */
static int dma_unmap(struct request *r)
{
	const struct vfio_dma_unmap *in = (const void *)r->body;

	if (rd(in->argsz) < sizeof(*in))
		return EINVAL;
	memcpy(add(r, sizeof(*in)), in, sizeof(*in));
	return 0;
}

static int device_reset(struct request *r)
{
	swcxl_reset(r->session->dev, SWCXL_RESET_ATTACH);
	vfio_irqs_reset(r->session->irqs);
	return 0;
}

/* ---- dispatch ---- */

#define ANY UINT32_MAX

static const struct row {
	uint16_t command;
	uint32_t min, max; /* bytes of body */
	int (*run)(struct request *request);
	bool fds; /* may come with it */
} rows[] = {
	{VFIO_VERSION, sizeof(struct vfio_version), ANY, version, false},
	{VFIO_DMA_MAP, sizeof(struct vfio_dma_map), sizeof(struct vfio_dma_map), dma_map, true},
	{VFIO_DMA_UNMAP, sizeof(struct vfio_dma_unmap), ANY, dma_unmap, false},
	{VFIO_GET_INFO, sizeof(struct vfio_info), ANY, get_info, false},
	{VFIO_GET_REGION_INFO, sizeof(struct vfio_region_info), ANY, get_region_info, false},
	{VFIO_GET_IRQ_INFO, sizeof(struct vfio_irq_info), ANY, get_irq_info, false},
	{VFIO_SET_IRQS, sizeof(struct vfio_irq_set), ANY, set_irqs, true},
	{VFIO_REGION_READ, sizeof(struct vfio_access), ANY, read_region, false},
	{VFIO_REGION_WRITE, sizeof(struct vfio_access), ANY, write_region, false},
	{VFIO_DEVICE_RESET, 0, 0, device_reset, false},
	{VFIO_REGION_WRITE_MULTI, sizeof(struct vfio_multi), ANY, write_multi, false},
};

static int dispatch(struct request *r, uint16_t command)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (row->command != command)
			continue;
		if (r->len < row->min || r->len > row->max || r->message->fds_lost ||
		    (r->message->fds && !row->fds))
			return EINVAL;
		return row->run(r);
	}
	return ENOTSUP;
}

bool vfio_header_ok(const struct vfio_header *h)
{
	uint32_t size = rd(h->size), type = rd(h->flags) & VFIO_TYPE;

	return size >= sizeof(*h) && size <= VFIO_MESSAGE_MAX && type == VFIO_TYPE_COMMAND;
}

enum vfio_verdict vfio_session_handle(struct vfio_session *s, struct vfio_message *m,
				      struct vfio_reply *reply)
{
	uint16_t command = rd(m->header->command);
	struct request r = {s, m, reply, m->body, m->len};
	int err;

	reply->len = 0;
	reply->fd = -1;
	err = s->versioned || command == VFIO_VERSION ? dispatch(&r, command) : EINVAL;
	s->stats->messages++;
	if (err) { /* the header alone, with an errno that is never 0 */
		reply->len = 0;
		reply->fd = -1;
		s->stats->errors++;
	}
	reply->header = *m->header;
	wr(&reply->header.size, sizeof(reply->header) + reply->len);
	wr(&reply->header.flags, VFIO_TYPE_REPLY | (err ? VFIO_ERROR : 0));
	wr(&reply->header.error, (uint32_t)err);
	if (rd(m->header->flags) & VFIO_NO_REPLY)
		return s->versioned ? VFIO_SILENT : VFIO_CLOSE_SILENT;
	s->stats->replies++;
	return s->versioned ? VFIO_SEND : VFIO_CLOSE;
}
