// SPDX-License-Identifier: MIT
/* The device's health: what it measures of itself is what is set here. */
#include "front/qmp/session.h"
#include "wire/health.h"

bool cmd_set_health(struct qmp_call *call, const struct qmp_set_health_args *in)
{
	struct swcxl_health health;

	swcxl_get_health(call->qmp->dev, &health);
	if (in->has_health_status)
		health.status = (uint8_t)in->health_status;
	if (in->has_media_status)
		health.media_status = (uint8_t)in->media_status;
	if (in->has_life_used)
		health.life_used = in->life_used;
	if (in->has_temperature)
		health.temperature = in->temperature;
	if (in->has_corrected_volatile)
		health.corrected_volatile_errors = in->corrected_volatile;
	if (in->has_corrected_persistent)
		health.corrected_persistent_errors = in->corrected_persistent;
	if (swcxl_set_health(call->qmp->dev, &health))
		return qmp_error(call, "Parameter 'life-used' expects a percentage, or 255");
	return true;
}

static void out_level(struct out *out, const char *name, unsigned level)
{
	out_enum(out, name, &qmp_enum_alert_level, level);
}

void qmp_out_health(struct out *out, const struct swcxl_status *status)
{
	const struct swcxl_health *health = &status->health;
	unsigned more = status->additional_status;

	out_begin(out, "health", '{');
	out_bits(out, "health-status", &qmp_enum_health_status, health->status);
	out_enum(out, "media-status", &qmp_enum_health_media_status, health->media_status);
	out_uint(out, "life-used", health->life_used);
	out_level(out, "life-used-level", more >> ADDITIONAL_LIFE_USED_SHIFT & 3);
	out_int(out, "temperature", health->temperature);
	out_level(out, "temperature-level", more >> ADDITIONAL_TEMPERATURE_SHIFT & 3);
	out_uint(out, "dirty-shutdown-count", status->dirty_shutdowns);
	out_uint(out, "corrected-volatile-error-count", health->corrected_volatile_errors);
	out_level(out, "corrected-volatile-level", !!(more & ADDITIONAL_CORRECTED_VOLATILE));
	out_uint(out, "corrected-persistent-error-count", health->corrected_persistent_errors);
	out_level(out, "corrected-persistent-level", !!(more & ADDITIONAL_CORRECTED_PERSISTENT));
	out_bool(out, "shutdown-dirty", status->shutdown_dirty);
	out_end(out, '}');
}
