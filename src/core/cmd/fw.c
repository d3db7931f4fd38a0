/* SPDX-License-Identifier: MIT */
/*
 * Firmware update: CXL r3.2 8.2.10.3. There are three slots; the first one is active in a new
 * device and holds what this program is. Packages are counted and summed up as they arrive, and
 * not stored: of what is in a slot its length and CRC-32 are known, and its revision is made of
 * the latter.
 *
 *	no transfer --initiate--> transfer --continue--> transfer --end--> verification
 *	no transfer --full--> verification
 *	transfer --abort, a part out of order, 30 s without one, any reset--> no transfer
 *
 * Parts are taken at once. Verification runs in the background and then fills the slot; a package
 * that fails it, or whose verification is aborted, leaves the slot as it was. It fails when it is
 * what erased flash reads as: nothing, or only bytes of 00h, or only bytes of FFh.
 *
 * What is activated at once is so at the end of a background operation; what is staged, with any
 * reset. A slot that is filled anew is no longer staged.
 */
#include <errno.h>

#include "base/crc32.h"
#include "base/text.h"
#include "core/cci.h"

#define PACKAGE_MAX (256 * MiB)
#define PART_TIMEOUT_NS (30 * NS_PER_S)

enum { SLOT_EMPTY, SLOT_FACTORY, SLOT_PACKAGE }; /* kept_fw_slot.content: for ever */

static const struct fw_package nothing = {.all = 0xff};

/* ---- slots ---- */

static struct kept_fw_slot *slot_find(struct swcxl_dev *dev, unsigned slot)
{
	return slot >= 1 && slot <= SWCXL_FW_SLOTS ? &dev->kept.firmware.slot[slot - 1] : NULL;
}

void fw_init(struct swcxl_dev *dev)
{
	dev->kept.firmware.active = 1;
	dev->kept.firmware.slot[0].content = SLOT_FACTORY;
}

void fw_revision(const struct swcxl_dev *dev, unsigned slot, uint8_t revision[static 16])
{
	const struct kept_fw_slot *s = &dev->kept.firmware.slot[slot - 1];
	struct text text = {(char *)revision, 0, 16};

	memset(revision, 0, 16);
	if (s->content == SLOT_FACTORY)
		text_str(&text, "swcxl " SWCXL_VERSION);
	if (s->content == SLOT_PACKAGE) {
		text_str(&text, "fw-");
		text_hex(&text, rd(s->crc32), 8);
	}
}

void fw_query(const struct swcxl_dev *dev, struct swcxl_status *status)
{
	const struct kept_firmware *kept = &dev->kept.firmware;

	status->firmware.active = kept->active;
	status->firmware.staged = kept->staged;
	status->firmware.transferring = dev->fw.owner;
	for (unsigned i = 0; i < SWCXL_FW_SLOTS; i++) {
		struct swcxl_fw_slot *slot = &status->firmware.slot[i];

		fw_revision(dev, i + 1, (uint8_t *)slot->revision);
		slot->size = rd(kept->slot[i].size);
		slot->crc32 = rd(kept->slot[i].crc32);
	}
}

/* For the Vendor Debug log. */
static void note(struct swcxl_dev *dev, unsigned slot, const char *what)
{
	char buf[DEBUG_LINE_MAX] = {0};
	struct text text = {buf, 0, sizeof(buf) - 1};
	uint8_t revision[17] = {0};

	fw_revision(dev, slot, revision);
	text_str(&text, "firmware: slot ");
	text_dec(&text, slot);
	text_str(&text, ", ");
	text_str(&text, (char *)revision);
	text_str(&text, ", ");
	text_str(&text, what);
	debug_note(dev, buf);
}

static void activate(struct swcxl_dev *dev, uint8_t slot)
{
	struct kept_firmware *kept = &dev->kept.firmware;

	kept->active = slot;
	if (kept->staged == slot)
		kept->staged = 0;
	kept_changed(dev, KEPT_firmware);
	note(dev, slot, "is active");
}

int firmware_restore(struct swcxl_dev *dev, const struct kept_firmware *kept)
{
	bool filled[SWCXL_FW_SLOTS + 1] = {true}; /* slot 0, none, may be staged */

	for (unsigned i = 0; i < SWCXL_FW_SLOTS; i++) {
		const struct kept_fw_slot *s = &kept->slot[i];
		bool package = s->content == SLOT_PACKAGE;

		if (s->content > SLOT_PACKAGE || rd(s->size) > PACKAGE_MAX ||
		    rd(s->size) % FW_UNIT || package != (rd(s->size) > 0) ||
		    (!package && rd(s->crc32)))
			return -EINVAL;
		filled[i + 1] = s->content;
	}
	if (kept->active < 1 || kept->active > SWCXL_FW_SLOTS || kept->staged > SWCXL_FW_SLOTS ||
	    kept->staged == kept->active || !filled[kept->active] || !filled[kept->staged])
		return -EINVAL;
	dev->kept.firmware = *kept;
	return 0;
}

/* ---- transfer ---- */

static struct fw_package package_with(struct fw_package package, const struct span *part)
{
	package.crc32 = crc32_add(package.crc32, part->p, part->len);
	package.size += (uint32_t)part->len;
	for (size_t i = 0; i < part->len; i++) {
		package.any |= part->p[i];
		package.all &= part->p[i];
	}
	return package;
}

static void transfer_drop(struct swcxl_dev *dev)
{
	dev->fw.owner = NULL;
	device_deadline(dev);
}

void fw_disown(struct swcxl_cci *cci)
{
	if (cci->dev->fw.owner == cci)
		transfer_drop(cci->dev);
}

void fw_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	uint8_t staged = dev->kept.firmware.staged;

	(void)type; /* bits 0, 10 and 11 of the command's effects: any */
	transfer_drop(dev);
	if (staged)
		activate(dev, staged);
}

uint64_t fw_deadline(const struct swcxl_dev *dev)
{
	return dev->fw.owner ? time_add(dev->fw.last_ns, PART_TIMEOUT_NS) : SWCXL_NO_DEADLINE;
}

void fw_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	if (!dev->fw.owner || now_ns < fw_deadline(dev))
		return;
	dev->now_ns = MAX(dev->now_ns, fw_deadline(dev));
	transfer_drop(dev);
	debug_note(dev, "firmware: no part came for 30 s, the transfer is over");
}

static enum swcxl_rc finish_transfer(struct swcxl_dev *dev)
{
	const struct fw_package *package = &dev->fw.package;
	struct kept_firmware *kept = &dev->kept.firmware;
	struct kept_fw_slot *slot = slot_find(dev, dev->fw.slot);

	if (!package->any || package->all == 0xff)
		return SWCXL_FW_VERIFICATION_FAILED;
	slot->content = SLOT_PACKAGE;
	wr(&slot->size, package->size);
	wr(&slot->crc32, package->crc32);
	if (kept->staged == dev->fw.slot)
		kept->staged = 0;
	kept_changed(dev, KEPT_firmware);
	note(dev, dev->fw.slot, "is filled");
	return SWCXL_SUCCESS;
}

/* What a part goes on from: it is the next one, or the last one again. NULL: out of order. */
static const struct fw_package *place_of(const struct swcxl_dev *dev, uint64_t offset, size_t len)
{
	const struct firmware *fw = &dev->fw;

	if (!fw->owner)
		return NULL;
	if (offset == fw->sent.size)
		return &fw->sent;
	return offset == fw->before.size && len == fw->sent.size - fw->before.size ? &fw->before
										   : NULL;
}

static uint8_t bits_in(const uint8_t *bytes, size_t len)
{
	uint8_t bits = 0;

	while (len--)
		bits |= bytes[len];
	return bits;
}

static bool is_reserved_ok(const struct swcxl_dev *dev, const struct transfer_fw_in *in)
{
	return reserved_ok(dev, bits_in(in->reserved1, sizeof(in->reserved1)) |
					bits_in(in->reserved2, sizeof(in->reserved2)));
}

/* One channel transfers at a time, and what is not in order ends its transfer (8.2.10.3.2). */
enum swcxl_rc cmd_transfer_fw(struct swcxl_dev *dev, struct call *call,
			      const struct transfer_fw_in *in, struct none *out)
{
	bool begins = in->action == FW_FULL || in->action == FW_INITIATE;
	bool ends = in->action == FW_FULL || in->action == FW_END;
	uint64_t offset = in->action == FW_FULL ? 0 : (uint64_t)rd(in->offset) * FW_UNIT;
	const struct fw_package *place = &nothing;
	struct firmware *fw = &dev->fw;

	(void)out;
	if (in->action > FW_ABORT || !is_reserved_ok(dev, in))
		return SWCXL_INVALID_INPUT;
	if (fw->owner && (fw->owner != call->cci || begins))
		return SWCXL_FW_TRANSFER_IN_PROGRESS;
	if (in->action == FW_ABORT) {
		transfer_drop(dev);
		return SWCXL_SUCCESS;
	}
	if (call->data.len % FW_UNIT)
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (!begins)
		place = place_of(dev, offset, call->data.len);
	if (!place || (begins && offset)) {
		transfer_drop(dev);
		return SWCXL_FW_TRANSFER_OUT_OF_ORDER;
	}
	if (ends && (!slot_find(dev, in->slot) || in->slot == dev->kept.firmware.active))
		return SWCXL_INVALID_SLOT;
	if (place->size + call->data.len > PACKAGE_MAX)
		return SWCXL_INVALID_INPUT;

	fw->before = *place;
	fw->sent = package_with(fw->before, &call->data);
	fw->last_ns = dev->now_ns;
	fw->owner = ends ? NULL : call->cci;
	device_deadline(dev);
	if (!ends)
		return SWCXL_SUCCESS;
	fw->package = fw->sent;
	fw->slot = in->slot;
	background_start_timed(call->cci, 0x0201, dev->config.fw_ns, finish_transfer, NULL);
	return SWCXL_BACKGROUND_STARTED;
}

/* ---- the rest ---- */

enum swcxl_rc cmd_get_fw_info(struct swcxl_dev *dev, struct call *call, const struct none *in,
			      struct get_fw_info_out *out)
{
	const struct kept_firmware *kept = &dev->kept.firmware;

	(void)call, (void)in;
	out->slots_supported = SWCXL_FW_SLOTS;
	out->slot_info = (uint8_t)(kept->active | kept->staged << FW_STAGED_SHIFT);
	out->capabilities = FW_CAN_ACTIVATE_ONLINE;
	for (unsigned i = 0; i < SWCXL_FW_SLOTS; i++)
		fw_revision(dev, i + 1, out->revision[i]);
	return SWCXL_SUCCESS;
}

static enum swcxl_rc finish_activation(struct swcxl_dev *dev)
{
	activate(dev, dev->fw.slot);
	return SWCXL_SUCCESS;
}

/* Linux, which activates at the next reset, takes a background operation for a failure. */
enum swcxl_rc cmd_activate_fw(struct swcxl_dev *dev, struct call *call,
			      const struct activate_fw_in *in, struct none *out)
{
	struct kept_firmware *kept = &dev->kept.firmware;
	const struct kept_fw_slot *slot = slot_find(dev, in->slot);

	(void)out;
	if (in->action > FW_ACTIVATE_AT_RESET)
		return SWCXL_INVALID_INPUT;
	if (!slot || slot->content == SLOT_EMPTY || in->slot == kept->active)
		return SWCXL_INVALID_SLOT;
	if (in->action == FW_ACTIVATE_AT_RESET) {
		kept->staged = in->slot;
		kept_changed(dev, KEPT_firmware);
		note(dev, in->slot, "is staged");
		return SWCXL_SUCCESS;
	}
	dev->fw.slot = in->slot;
	background_start_timed(call->cci, 0x0202, dev->config.fw_ns, finish_activation, NULL);
	return SWCXL_BACKGROUND_STARTED;
}
