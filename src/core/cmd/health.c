/* SPDX-License-Identifier: MIT */
/* Health information, alerts, shutdown state: CXL r3.2 8.2.10.9.3. What is behind them: health.c */
#include <errno.h>

#include "core/cci.h"

enum swcxl_rc cmd_get_health_info(struct swcxl_dev *dev, struct call *call, const struct none *in,
				  struct get_health_info_out *out)
{
	(void)call, (void)in;
	health_info(dev, out);
	return SWCXL_SUCCESS;
}

/* ---- alerts ---- */

enum swcxl_rc cmd_get_alert_configuration(struct swcxl_dev *dev, struct call *call,
					  const struct none *in,
					  struct get_alert_configuration_out *out)
{
	(void)call, (void)in;
	*out = dev->alerts;
	return SWCXL_SUCCESS;
}

static bool is_below(le16 a, le16 b)
{
	return (int16_t)rd(a) < (int16_t)rd(b);
}

/* A warning comes before what is critical. Of corrected errors any number may be too many. */
static bool thresholds_ok(const struct get_alert_configuration_out *now,
			  const struct set_alert_configuration_in *in, uint8_t alerts)
{
	if (alerts & ALERT_LIFE_USED && in->life_warning >= now->life_critical)
		return false;
	if (alerts & ALERT_OVER_TEMPERATURE && !is_below(in->over_warning, now->over_critical))
		return false;
	return !(alerts & ALERT_UNDER_TEMPERATURE) ||
	       is_below(now->under_critical, in->under_warning);
}

/* The thresholds that actions names: as in has them, or, of alerts that are disabled, 0. */
static void set_thresholds(struct get_alert_configuration_out *now,
			   const struct set_alert_configuration_in *in, uint8_t actions)
{
	static const struct set_alert_configuration_in none;
	uint8_t enable = in->enable_actions;

#define SET(alert, field)      \
	if (actions & (alert)) \
	now->field = (enable & (alert) ? in : &none)->field
	SET(ALERT_LIFE_USED, life_warning);
	SET(ALERT_OVER_TEMPERATURE, over_warning);
	SET(ALERT_UNDER_TEMPERATURE, under_warning);
	SET(ALERT_CORRECTED_VOLATILE, corrected_volatile);
	SET(ALERT_CORRECTED_PERSISTENT, corrected_persistent);
#undef SET
}

enum swcxl_rc cmd_set_alert_configuration(struct swcxl_dev *dev, struct call *call,
					  const struct set_alert_configuration_in *in,
					  struct none *out)
{
	struct get_alert_configuration_out *alerts = &dev->alerts;
	uint8_t actions = in->valid_actions & ALERT_ALL, enabled = actions & in->enable_actions;
	bool reserved = (in->valid_actions | in->enable_actions) & ~ALERT_ALL || in->reserved;

	(void)call, (void)out;
	if (actions & ~alerts->programmable || !thresholds_ok(alerts, in, enabled) ||
	    !reserved_ok(dev, reserved))
		return SWCXL_INVALID_INPUT;
	set_thresholds(alerts, in, actions);
	alerts->valid = (uint8_t)((alerts->valid & ~actions) | enabled);
	health_alerts_set(dev, enabled);
	return SWCXL_SUCCESS;
}

/* ---- shutdown state ---- */

enum swcxl_rc cmd_get_shutdown_state(struct swcxl_dev *dev, struct call *call,
				     const struct none *in, struct shutdown_state *out)
{
	(void)call, (void)in;
	out->state = dev->kept.shutdown.state;
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_set_shutdown_state(struct swcxl_dev *dev, struct call *call,
				     const struct shutdown_state *in, struct none *out)
{
	(void)call, (void)out;
	if (!reserved_ok(dev, in->state & ~SHUTDOWN_DIRTY))
		return SWCXL_INVALID_INPUT;
	dev->kept.shutdown.state = in->state & SHUTDOWN_DIRTY;
	kept_changed(dev, KEPT_shutdown);
	return SWCXL_SUCCESS;
}

int shutdown_restore(struct swcxl_dev *dev, const struct kept_shutdown *kept)
{
	if (kept->state & ~SHUTDOWN_DIRTY)
		return -EINVAL;
	dev->kept.shutdown = *kept;
	return 0;
}
