/* SPDX-License-Identifier: MIT */
/* Identify, partitions, label storage area, health, security: CXL r3.2 8.2.10.9.1 to .3, .6. */
#include "core/cci.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / SWCXL_LINE)

enum swcxl_rc cmd_identify_memory_device(struct swcxl_dev *dev, struct call *call,
					 const struct none *in,
					 struct identify_memory_device_out *out)
{
	const struct swcxl_config *c = &dev->config;
	static const char revision[] = "swcxl " SWCXL_VERSION;

	(void)in;
	memcpy(out->fw_revision, revision, MIN(sizeof(revision), sizeof(out->fw_revision)));
	wr(&out->total_capacity, dev->dpa.top / UNIT_LINES);
	wr(&out->volatile_capacity, dpa_capacity(&dev->dpa, DPA_VOLATILE) / UNIT_LINES);
	wr(&out->persistent_capacity, dpa_capacity(&dev->dpa, DPA_PERSISTENT) / UNIT_LINES);
	wr(&out->informational_log_size, c->event_log_max);
	wr(&out->warning_log_size, c->event_log_max);
	wr(&out->failure_log_size, c->event_log_max);
	wr(&out->fatal_log_size, c->event_log_max);
	wr(&out->lsa_size, c->lsa_size);
	wr(&out->poison_list_max, c->poison_list_max);
	wr(&out->inject_poison_limit, c->inject_limit);
	out->poison_handling = c->injected_persists ? POISON_INJECTED_PERSISTS : 0;
	if (c->revision < SWCXL_CXL_3_0)
		call->out_size = IDENTIFY_MEMORY_DEVICE_OUT_2_0;
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_partition_info(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct get_partition_info_out *out)
{
	(void)call, (void)in;
	wr(&out->active_volatile, dpa_capacity(&dev->dpa, DPA_VOLATILE) / UNIT_LINES);
	wr(&out->active_persistent, dpa_capacity(&dev->dpa, DPA_PERSISTENT) / UNIT_LINES);
	return SWCXL_SUCCESS;
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

enum swcxl_rc cmd_get_health_info(struct swcxl_dev *dev, struct call *call, const struct none *in,
				  struct get_health_info_out *out)
{
	(void)call, (void)in;
	out->media_status = 0; /* normal */
	out->life_used = 0;
	wr(&out->temperature, 25); /* degrees Celsius */
	wr(&out->dirty_shutdown_count, dev->dirty_shutdowns);
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_shutdown_state(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct shutdown_state *out)
{
	(void)call, (void)in;
	out->state = dev->shutdown_state;
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_set_shutdown_state(struct swcxl_dev *dev, struct call *call,
				     const struct shutdown_state *in, struct none *out)
{
	(void)call, (void)out;
	if (!reserved_ok(dev, in->state & ~SHUTDOWN_DIRTY))
		return SWCXL_INVALID_INPUT;
	dev->shutdown_state = in->state & SHUTDOWN_DIRTY;
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_SHUTDOWN,
						  .attr = dev->shutdown_state,
						  .value = dev->dirty_shutdowns});
	return SWCXL_SUCCESS;
}

/* Security is disabled, and there are no passphrases to set yet. */
enum swcxl_rc cmd_get_security_state(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct get_security_state_out *out)
{
	(void)dev, (void)call, (void)in;
	wr(&out->state, 0);
	return SWCXL_SUCCESS;
}
