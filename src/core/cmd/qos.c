/* SPDX-License-Identifier: MIT */
/*
 * QoS telemetry of a single logical device: CXL r3.2 8.2.10.9.8. The controls are those of both
 * mechanisms that Identify Memory Device announces. Nothing ever presses back on this device's
 * egress port, so the average is 0.
 */
#include "core/cci.h"

void qos_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	static const struct sld_qos_control defaults = {
		.moderate_percent = 10, .severe_percent = 25, .sample_interval = 8};

	if (type != SWCXL_RESET_CXL)
		dev->qos = defaults;
}

enum swcxl_rc cmd_get_sld_qos_control(struct swcxl_dev *dev, struct call *call,
				      const struct none *in, struct sld_qos_control *out)
{
	(void)call, (void)in;
	*out = dev->qos;
	return SWCXL_SUCCESS;
}

static bool is_percentage(uint8_t percent)
{
	return percent >= 1 && percent <= 100;
}

enum swcxl_rc cmd_set_sld_qos_control(struct swcxl_dev *dev, struct call *call,
				      const struct sld_qos_control *in, struct none *out)
{
	(void)call, (void)out;
	if (!is_percentage(in->moderate_percent) || !is_percentage(in->severe_percent) ||
	    in->sample_interval > QOS_SAMPLE_INTERVAL_MAX ||
	    !reserved_ok(dev, in->control & ~QOS_ALL))
		return SWCXL_INVALID_INPUT;
	dev->qos = *in;
	dev->qos.control &= QOS_ALL;
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_get_sld_qos_status(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct sld_qos_status *out)
{
	(void)dev, (void)call, (void)in;
	out->backpressure_percent = 0;
	return SWCXL_SUCCESS;
}
