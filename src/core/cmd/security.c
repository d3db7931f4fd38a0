/* SPDX-License-Identifier: MIT */
/*
 * Security of persistent memory, and protocols that pass through: CXL r3.2 8.2.10.9.6, .7.
 *
 * With a user passphrase the persistent capacity is locked by each conventional reset, until
 * Unlock. What a command says by its row: NOT_FROZEN, NEEDS_UNLOCKED; the media commands look at
 * the range that they are about (security_locks(), D-48), and hosts reach only what is not locked.
 *
 * Three wrong passphrases of a kind in a row exhaust that kind; this and freezing last until a
 * cold reset.
 */
#include <errno.h>

#include "core/cci.h"
#include "wire/security.h"

#define TRIES 3

static const struct kind {
	uint8_t set, exhausted; /* bits of the state */
} kinds[PASSPHRASES] = {
	[PASSPHRASE_MASTER] = {SECURITY_MASTER_SET, SECURITY_MASTER_EXHAUSTED},
	[PASSPHRASE_USER] = {SECURITY_USER_SET, SECURITY_USER_EXHAUSTED},
};

uint32_t security_state(const struct swcxl_dev *dev)
{
	const struct security *s = &dev->security;
	uint32_t state = dev->kept.security.set | (s->locked ? SECURITY_LOCKED : 0u) |
			 (s->frozen ? SECURITY_FROZEN : 0u);

	for (unsigned i = 0; i < PASSPHRASES; i++)
		if (s->wrong[i] == TRIES)
			state |= kinds[i].exhausted;
	return state;
}

bool security_locks(const struct swcxl_dev *dev, uint64_t line, uint64_t lines)
{
	for (unsigned i = 0; i < DPA_SEGMENTS && dev->security.locked && lines; i++) {
		const struct dpa_segment *s = &dev->dpa.segment[i];

		if (s->kind == DPA_PERSISTENT && s->len && line < s->start + s->len &&
		    s->start < line + lines)
			return true;
	}
	return false;
}

/* ---- passphrases ---- */

static bool is_set(const struct swcxl_dev *dev, unsigned type)
{
	return dev->kept.security.set & kinds[type].set;
}

/* In a time that does not tell where they differ. */
static bool equal(const uint8_t *a, const uint8_t *b)
{
	uint8_t differ = 0;

	for (unsigned i = 0; i < PASSPHRASE_SIZE; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

/* May who gives this passphrase go on? Wrong ones are counted. */
static enum swcxl_rc try(struct swcxl_dev *dev, unsigned type, const uint8_t *given)
{
	uint8_t *wrong = &dev->security.wrong[type];

	if (*wrong == TRIES)
		return SWCXL_INVALID_SECURITY_STATE;
	if (!is_set(dev, type))
		return SWCXL_SUCCESS; /* what was given is ignored */
	if (!equal(dev->kept.security.passphrase + type * PASSPHRASE_SIZE, given)) {
		++*wrong;
		return SWCXL_INCORRECT_PASSPHRASE;
	}
	*wrong = 0;
	return SWCXL_SUCCESS;
}

static void put(struct swcxl_dev *dev, unsigned type, const uint8_t *new)
{
	struct kept_security *s = &dev->kept.security;

	s->set |= kinds[type].set;
	memcpy(s->passphrase + type * PASSPHRASE_SIZE, new, PASSPHRASE_SIZE);
	kept_changed(dev, KEPT_security);
}

/* Without a user passphrase nothing is locked. */
static void drop(struct swcxl_dev *dev, unsigned type)
{
	struct kept_security *s = &dev->kept.security;

	s->set &= (uint8_t)~kinds[type].set;
	memset(s->passphrase + type * PASSPHRASE_SIZE, 0, PASSPHRASE_SIZE);
	kept_changed(dev, KEPT_security);
	if (type == PASSPHRASE_USER)
		dev->security.locked = false;
	if (dev->security.wrong[type] < TRIES)
		dev->security.wrong[type] = 0;
}

/* A kind of passphrase, and 31 bytes. */
static bool type_ok(const struct swcxl_dev *dev, uint8_t type, const uint8_t reserved[31])
{
	uint8_t any = 0;

	for (unsigned i = 0; i < 31; i++)
		any |= reserved[i];
	return type < PASSPHRASES && reserved_ok(dev, any);
}

/* ---- commands ---- */

enum swcxl_rc cmd_get_security_state(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct get_security_state_out *out)
{
	(void)call, (void)in;
	wr(&out->state, security_state(dev));
	return SWCXL_SUCCESS;
}

/* The master passphrase is set and changed only while security is off. */
enum swcxl_rc cmd_set_passphrase(struct swcxl_dev *dev, struct call *call,
				 const struct set_passphrase_in *in, struct none *out)
{
	enum swcxl_rc rc;

	(void)call, (void)out;
	if (!type_ok(dev, in->type, in->reserved))
		return SWCXL_INVALID_INPUT;
	if (in->type == PASSPHRASE_MASTER && is_set(dev, PASSPHRASE_USER))
		return SWCXL_INVALID_SECURITY_STATE;
	rc = try(dev, in->type, in->current);
	if (!rc)
		put(dev, in->type, in->new);
	return rc;
}

enum swcxl_rc cmd_disable_passphrase(struct swcxl_dev *dev, struct call *call,
				     const struct passphrase_in *in, struct none *out)
{
	enum swcxl_rc rc;

	(void)call, (void)out;
	if (!type_ok(dev, in->type, in->reserved))
		return SWCXL_INVALID_INPUT;
	if (!is_set(dev, in->type))
		return SWCXL_INVALID_SECURITY_STATE;
	rc = try(dev, in->type, in->current);
	if (!rc)
		drop(dev, in->type);
	return rc;
}

enum swcxl_rc cmd_unlock(struct swcxl_dev *dev, struct call *call, const struct unlock_in *in,
			 struct none *out)
{
	enum swcxl_rc rc;

	(void)call, (void)out;
	if (!dev->security.locked)
		return SWCXL_INVALID_SECURITY_STATE;
	rc = try(dev, PASSPHRASE_USER, in->current);
	if (!rc)
		dev->security.locked = false;
	return rc;
}

enum swcxl_rc cmd_freeze_security_state(struct swcxl_dev *dev, struct call *call,
					const struct none *in, struct none *out)
{
	(void)call, (void)in, (void)out;
	dev->security.frozen = true;
	return SWCXL_SUCCESS;
}

/* Persistent memory gets other keys: its content is gone, its labels and poison are not (D-42),
 * and security is off. Without a user passphrase none is asked for. */
enum swcxl_rc cmd_passphrase_secure_erase(struct swcxl_dev *dev, struct call *call,
					  const struct passphrase_in *in, struct none *out)
{
	enum swcxl_rc rc;

	(void)call, (void)out;
	if (!type_ok(dev, in->type, in->reserved) ||
	    (in->type == PASSPHRASE_MASTER && !is_set(dev, PASSPHRASE_MASTER)))
		return SWCXL_INVALID_INPUT;
	rc = try(dev, in->type, in->current);
	if (rc)
		return rc;
	drop(dev, PASSPHRASE_USER);
	erase_kind(dev, DPA_PERSISTENT);
	return SWCXL_SUCCESS;
}

/* ---- resets and state ---- */

void security_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	if (type == SWCXL_RESET_COLD)
		dev->security = (struct security){0};
	if (type != SWCXL_RESET_CXL)
		dev->security.locked = is_set(dev, PASSPHRASE_USER);
}

/* It comes from a device that was without power. */
int security_restore(struct swcxl_dev *dev, const struct kept_security *kept)
{
	if (kept->set & ~(SECURITY_USER_SET | SECURITY_MASTER_SET))
		return -EINVAL;
	dev->kept.security = *kept;
	dev->security.locked = is_set(dev, PASSPHRASE_USER);
	return 0;
}

/* ---- protocols ---- */

/* No protocol takes data: that of information only tells. */
enum swcxl_rc cmd_security_send(struct swcxl_dev *dev, struct call *call,
				const struct security_protocol_in *in, struct none *out)
{
	(void)dev, (void)call, (void)in, (void)out;
	return SWCXL_INVALID_INPUT;
}

/* The protocol of information (SCSI, SPC): which protocols there are, itself alone; and a
 * certificate, which is empty. */
enum swcxl_rc cmd_security_receive(struct swcxl_dev *dev, struct call *call,
				   const struct security_protocol_in *in, struct none *out)
{
	struct protocol_list *list;

	(void)out;
	if (in->protocol != PROTOCOL_INFORMATION ||
	    !reserved_ok(dev, le_load(in->reserved, sizeof(in->reserved)) != 0))
		return SWCXL_INVALID_INPUT;
	switch (rd(in->specific)) {
	case INFORMATION_LIST:
		list = sink_must_add(&call->more, sizeof(*list));
		list->length[1] = sizeof(list->protocol);
		list->protocol[0] = PROTOCOL_INFORMATION;
		return SWCXL_SUCCESS;
	case INFORMATION_CERTIFICATE:
		sink_must_add(&call->more, sizeof(struct protocol_certificate));
		return SWCXL_SUCCESS;
	default:
		return SWCXL_INVALID_INPUT;
	}
}
