/* SPDX-License-Identifier: MIT */
/* Identify, partitions, label storage area: CXL r3.2 8.2.10.9.1, .2. */
#include "core/cci.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / SWCXL_LINE)

enum swcxl_rc cmd_identify_memory_device(struct swcxl_dev *dev, struct call *call,
					 const struct none *in,
					 struct identify_memory_device_out *out)
{
	const struct swcxl_config *c = &dev->config;

	(void)in;
	fw_revision(dev, dev->kept.firmware.active, out->fw_revision);
	wr(&out->total_capacity, dev->dpa.static_top / UNIT_LINES);
	wr(&out->volatile_capacity, c->volatile_size / SWCXL_CAPACITY_UNIT);
	wr(&out->persistent_capacity, c->persistent_size / SWCXL_CAPACITY_UNIT);
	wr(&out->partition_align, c->partitionable_size ? 1 : 0);
	wr(&out->informational_log_size, c->event_log_max);
	wr(&out->warning_log_size, c->event_log_max);
	wr(&out->failure_log_size, c->event_log_max);
	wr(&out->fatal_log_size, c->event_log_max);
	wr(&out->lsa_size, c->lsa_size);
	wr(&out->poison_list_max, c->poison_list_max);
	wr(&out->inject_poison_limit, c->inject_limit);
	out->poison_handling = POISON_DEVICE_SCANS | /* the patrol can be enabled */
			       (c->injected_persists ? POISON_INJECTED_PERSISTS : 0);
	out->qos_telemetry = QOS_ALL;
	wr(&out->dynamic_capacity_log_size, c->dc_regions ? c->event_log_max : 0);
	if (c->revision < SWCXL_CXL_3_0)
		call->out_size = IDENTIFY_MEMORY_DEVICE_OUT_2_0;
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_partition_info(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct get_partition_info_out *out)
{
	const struct kept_partition *p = &dev->kept.partition;
	struct dpa next;

	(void)call, (void)in;
	wr(&out->active_volatile, dpa_partition(&dev->dpa, DPA_VOLATILE) / UNIT_LINES);
	wr(&out->active_persistent, dpa_partition(&dev->dpa, DPA_PERSISTENT) / UNIT_LINES);
	if (rd(p->next) != rd(p->share)) { /* else no change is pending: zeros */
		dpa_init(&next, &dev->config, rd(p->next));
		wr(&out->next_volatile, dpa_partition(&next, DPA_VOLATILE) / UNIT_LINES);
		wr(&out->next_persistent, dpa_partition(&next, DPA_PERSISTENT) / UNIT_LINES);
	}
	return SWCXL_SUCCESS;
}

/* Data in capacity that changes its type is lost (D-44). A tenth byte is from Linux' user space,
 * which has always sent one. */
enum swcxl_rc cmd_set_partition_info(struct swcxl_dev *dev, struct call *call,
				     const struct set_partition_info_in *in, struct none *out)
{
	uint64_t share = rd(in->volatile_capacity);
	bool immediate = in->flags & SET_PARTITION_IMMEDIATE;

	(void)out;
	if (call->data.len && *call->data.p)
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (share > dev->config.partitionable_size / SWCXL_CAPACITY_UNIT ||
	    !reserved_ok(dev, in->flags & ~SET_PARTITION_IMMEDIATE))
		return SWCXL_INVALID_INPUT;
	if (immediate && dev->background.running)
		return SWCXL_BUSY; /* it works on the partitions as they are */
	return partition_set(dev, share, immediate) ? SWCXL_INTERNAL_ERROR : SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_lsa(struct swcxl_dev *dev, struct call *call, const struct get_lsa_in *in,
			  struct none *out)
{
	uint32_t offset = rd(in->offset), length = rd(in->length);
	void *bytes;

	(void)out;
	if (!range_fits(offset, length, dev->config.lsa_size))
		return SWCXL_INVALID_INPUT;
	bytes = sink_add(&call->more, length);
	if (!bytes)
		return SWCXL_INVALID_INPUT; /* more than the payload holds */
	memcpy(bytes, dev->lsa + offset, length);
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_set_lsa(struct swcxl_dev *dev, struct call *call, const struct set_lsa_in *in,
			  struct none *out)
{
	uint32_t offset = rd(in->offset);

	(void)out;
	if (!range_fits(offset, call->data.len, dev->config.lsa_size) ||
	    !reserved_ok(dev, le_load(in->reserved, sizeof(in->reserved)) != 0))
		return SWCXL_INVALID_INPUT;
	if (!call->data.len)
		return SWCXL_SUCCESS;
	memcpy(dev->lsa + offset, call->data.p, call->data.len);
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_LSA,
						  .start = offset,
						  .length = call->data.len,
						  .data = call->data.p});
	return SWCXL_SUCCESS;
}
