/* SPDX-License-Identifier: MIT */
/*
 * Health (CXL r3.2 8.2.10.9.3): a table of conditions, each of which holds or does not. When one
 * begins to hold, a Memory Module event says so, once; likewise when the media status changes.
 * What was said is kept, so that neither resets nor power make the device repeat itself.
 *
 * What the conditions look at belongs to others: temperature, wear and corrected errors to the
 * management side, thresholds to the host, permanent errors and spares to poison.c and repair.c.
 * Whoever changes something calls health_update(), after the event of what has happened.
 */
#include <errno.h>

#include "core/device.h"
#include "wire/events.h"

static bool warns(const struct swcxl_dev *dev, unsigned alert)
{
	return dev->alerts.valid & alert;
}

static bool life_reaches(const struct swcxl_dev *dev, uint8_t percent)
{
	uint8_t used = dev->kept.health.life_used;

	return used != LIFE_USED_UNKNOWN && used >= percent;
}

static bool is_known(le16 temperature)
{
	return rd(temperature) != TEMPERATURE_UNKNOWN;
}

static bool rises_to(const struct swcxl_dev *dev, le16 limit)
{
	le16 now = dev->kept.health.temperature;

	return is_known(now) && (int16_t)rd(now) >= (int16_t)rd(limit);
}

static bool falls_to(const struct swcxl_dev *dev, le16 limit)
{
	le16 now = dev->kept.health.temperature;

	return is_known(now) && (int16_t)rd(now) <= (int16_t)rd(limit);
}

/* ---- the conditions ---- */

/* Permanent errors that the device knows of, and something to replace them with. */
static bool maintenance_needed(const struct swcxl_dev *dev)
{
	return dev->media.permanent && repair_spares_left(dev);
}

static bool replace_hardware(const struct swcxl_dev *dev)
{
	return dev->media.permanent && !repair_spares_left(dev);
}

static bool life_warning(const struct swcxl_dev *dev)
{
	return warns(dev, ALERT_LIFE_USED) && life_reaches(dev, dev->alerts.life_warning);
}

static bool life_critical(const struct swcxl_dev *dev)
{
	return life_reaches(dev, dev->alerts.life_critical);
}

static bool over_warning(const struct swcxl_dev *dev)
{
	return warns(dev, ALERT_OVER_TEMPERATURE) && rises_to(dev, dev->alerts.over_warning);
}

static bool over_critical(const struct swcxl_dev *dev)
{
	return rises_to(dev, dev->alerts.over_critical);
}

static bool under_warning(const struct swcxl_dev *dev)
{
	return warns(dev, ALERT_UNDER_TEMPERATURE) && falls_to(dev, dev->alerts.under_warning);
}

static bool under_critical(const struct swcxl_dev *dev)
{
	return falls_to(dev, dev->alerts.under_critical);
}

static bool corrected_volatile(const struct swcxl_dev *dev)
{
	return warns(dev, ALERT_CORRECTED_VOLATILE) &&
	       rd(dev->kept.health.corrected_volatile) >= rd(dev->alerts.corrected_volatile);
}

static bool corrected_persistent(const struct swcxl_dev *dev)
{
	return warns(dev, ALERT_CORRECTED_PERSISTENT) &&
	       rd(dev->kept.health.corrected_persistent) >= rd(dev->alerts.corrected_persistent);
}

/* What has no function of its own is so when the management side says so. */
static bool never(const struct swcxl_dev *dev)
{
	(void)dev;
	return false;
}

/* The order is that of the bits that are kept, of which the first four are those of the health
 * status. */
enum condition_number {
	MAINTENANCE_NEEDED,
	PERFORMANCE_DEGRADED,
	REPLACE_HARDWARE,
	CAPACITY_DEGRADED,
	LIFE_WARNING,
	LIFE_CRITICAL,
	OVER_WARNING,
	OVER_CRITICAL,
	UNDER_WARNING,
	UNDER_CRITICAL,
	CORRECTED_VOLATILE,
	CORRECTED_PERSISTENT,
	CONDITIONS
};

/*
 * The counts of corrected errors are the module's, and no address goes with them. So they are not
 * told as General Media events, for which Linux takes pages out of use by their addresses.
 */
static const struct condition {
	bool (*holds)(const struct swcxl_dev *dev);
	enum swcxl_log log;
	uint8_t type;
	uint32_t flags; /* of the record */
} conditions[CONDITIONS] = {
	[MAINTENANCE_NEEDED] = {maintenance_needed, SWCXL_LOG_WARNING, MODULE_HEALTH_STATUS,
				EVENT_MAINTENANCE_NEEDED},
	/* a device throttles when it is too hot */
	[PERFORMANCE_DEGRADED] = {over_critical, SWCXL_LOG_WARNING, MODULE_HEALTH_STATUS,
				  EVENT_PERFORMANCE_DEGRADED},
	[REPLACE_HARDWARE] = {replace_hardware, SWCXL_LOG_FAILURE, MODULE_HEALTH_STATUS,
			      EVENT_PERMANENT | EVENT_REPLACE_HARDWARE},
	[CAPACITY_DEGRADED] = {never, SWCXL_LOG_FAILURE, MODULE_HEALTH_STATUS, EVENT_PERMANENT},
	[LIFE_WARNING] = {life_warning, SWCXL_LOG_WARNING, MODULE_LIFE_USED, 0},
	[LIFE_CRITICAL] = {life_critical, SWCXL_LOG_FAILURE, MODULE_LIFE_USED, EVENT_PERMANENT},
	[OVER_WARNING] = {over_warning, SWCXL_LOG_WARNING, MODULE_TEMPERATURE, 0},
	[OVER_CRITICAL] = {over_critical, SWCXL_LOG_FAILURE, MODULE_TEMPERATURE, 0},
	[UNDER_WARNING] = {under_warning, SWCXL_LOG_WARNING, MODULE_TEMPERATURE, 0},
	[UNDER_CRITICAL] = {under_critical, SWCXL_LOG_FAILURE, MODULE_TEMPERATURE, 0},
	[CORRECTED_VOLATILE] = {corrected_volatile, SWCXL_LOG_WARNING, MODULE_HEALTH_STATUS, 0},
	[CORRECTED_PERSISTENT] = {corrected_persistent, SWCXL_LOG_WARNING, MODULE_HEALTH_STATUS, 0},
};

static const enum swcxl_log media_log[HEALTH_MEDIA_STATES] = {
	[HEALTH_MEDIA_NORMAL] = SWCXL_LOG_WARNING,
	[HEALTH_MEDIA_NOT_READY] = SWCXL_LOG_WARNING,
	[HEALTH_MEDIA_PERSISTENCY_LOST] = SWCXL_LOG_FAILURE,
	[HEALTH_MEDIA_DATA_LOST] = SWCXL_LOG_FATAL,
	[HEALTH_MEDIA_PERSISTENCY_LOSS_AT_POWER_LOSS] = SWCXL_LOG_WARNING,
	[HEALTH_MEDIA_PERSISTENCY_LOSS_AT_SHUTDOWN] = SWCXL_LOG_WARNING,
	[HEALTH_MEDIA_PERSISTENCY_LOSS_IMMINENT] = SWCXL_LOG_FAILURE,
	[HEALTH_MEDIA_DATA_LOSS_AT_POWER_LOSS] = SWCXL_LOG_FAILURE,
	[HEALTH_MEDIA_DATA_LOSS_AT_SHUTDOWN] = SWCXL_LOG_FAILURE,
	[HEALTH_MEDIA_DATA_LOSS_IMMINENT] = SWCXL_LOG_FATAL,
};

/*
 * Media that are disabled are no change: the host has ordered the sanitize, and Linux, which then
 * sends no commands, would ask in vain for the record of such an event all the time.
 */
static uint8_t media_status(const struct swcxl_dev *dev)
{
	unsigned status = device_media_status(dev);

	if (status == MEMDEV_MEDIA_NOT_READY || status == MEMDEV_MEDIA_ERROR)
		return HEALTH_MEDIA_NOT_READY;
	return dev->kept.health.media_status;
}

/* ---- what is shown and said ---- */

static bool is_raised(const struct swcxl_dev *dev, enum condition_number condition)
{
	return rd(dev->kept.health.raised) >> condition & 1;
}

static unsigned level(bool warning, bool critical)
{
	return critical ? ADDITIONAL_CRITICAL : warning ? ADDITIONAL_WARNING : ADDITIONAL_NORMAL;
}

static uint8_t additional_status(const struct swcxl_dev *dev)
{
	bool warm = is_raised(dev, OVER_WARNING) || is_raised(dev, UNDER_WARNING);
	bool hot = is_raised(dev, OVER_CRITICAL) || is_raised(dev, UNDER_CRITICAL);
	unsigned status = 0;

	status |= level(is_raised(dev, LIFE_WARNING), is_raised(dev, LIFE_CRITICAL))
		  << ADDITIONAL_LIFE_USED_SHIFT;
	status |= level(warm, hot) << ADDITIONAL_TEMPERATURE_SHIFT;
	if (is_raised(dev, CORRECTED_VOLATILE))
		status |= ADDITIONAL_CORRECTED_VOLATILE;
	if (is_raised(dev, CORRECTED_PERSISTENT))
		status |= ADDITIONAL_CORRECTED_PERSISTENT;
	return (uint8_t)status;
}

void health_info(const struct swcxl_dev *dev, struct get_health_info_out *out)
{
	const struct kept_health *health = &dev->kept.health;

	out->health_status = rd(health->raised) & HEALTH_STATUS_ALL;
	out->media_status = health->media_said;
	out->additional_status = additional_status(dev);
	out->life_used = health->life_used;
	out->temperature = health->temperature;
	out->dirty_shutdown_count = dev->kept.shutdown.dirty_count;
	out->corrected_volatile_errors = health->corrected_volatile;
	out->corrected_persistent_errors = health->corrected_persistent;
}

/* Which operation would help, in the fields that the revision has for it. */
static void request_maintenance(const struct swcxl_dev *dev, struct swcxl_event_header *header)
{
	const struct repair_kind *kind = dev->media.permanent ? repair_to_ask_for(dev) : NULL;

	if (!kind || dev->config.revision < SWCXL_CXL_3_0)
		return;
	header->maintenance_class = kind->class;
	if (dev->config.revision < SWCXL_CXL_3_1)
		return;
	header->maintenance_subclass = kind->subclass;
	header->flags |= EVENT_SUBCLASS_VALID;
}

static void say(struct swcxl_dev *dev, enum swcxl_log log, uint8_t type, uint32_t flags)
{
	struct swcxl_event_header header = {.flags = flags};
	struct memory_module record = {.type = type};

	health_info(dev, &record.health);
	if (flags & EVENT_MAINTENANCE_NEEDED)
		request_maintenance(dev, &header);
	event_add_as(dev, log, EVENT_TYPE_MEMORY_MODULE, &header, &record, sizeof(record));
}

/* anew: conditions to be told of again, if they hold. */
static void update(struct swcxl_dev *dev, unsigned anew)
{
	struct kept_health *health = &dev->kept.health;
	unsigned raised = health->status, before = rd(health->raised), news;
	uint8_t media = media_status(dev), media_before = health->media_said;

	for (unsigned i = 0; i < CONDITIONS; i++)
		raised |= (unsigned)conditions[i].holds(dev) << i;
	news = raised & ~(before & ~anew);
	if (raised != before || media != media_before) {
		wr(&health->raised, raised);
		health->media_said = media;
		kept_changed(dev, KEPT_health);
	}
	for (unsigned i = 0; i < CONDITIONS; i++)
		if (news >> i & 1)
			say(dev, conditions[i].log, conditions[i].type, conditions[i].flags);
	if (media != media_before)
		say(dev, media_log[media], MODULE_MEDIA_STATUS, 0);
}

void health_update(struct swcxl_dev *dev)
{
	update(dev, 0);
}

/* ---- alerts ---- */

/* There is no capacity to warn of errors in that a device cannot have. */
static uint8_t programmable_alerts(const struct swcxl_dev *dev)
{
	uint8_t alerts = ALERT_LIFE_USED | ALERT_OVER_TEMPERATURE | ALERT_UNDER_TEMPERATURE;
	bool either = dev->config.partitionable_size;

	if (either || dpa_has(&dev->dpa, DPA_VOLATILE))
		alerts |= ALERT_CORRECTED_VOLATILE;
	if (either || dpa_has(&dev->dpa, DPA_PERSISTENT))
		alerts |= ALERT_CORRECTED_PERSISTENT;
	return alerts;
}

/* What is so already when an alert is set is told at once, even if it was told before. */
void health_alerts_set(struct swcxl_dev *dev, uint8_t alerts)
{
	static const uint8_t warnings[] = {
		LIFE_WARNING, OVER_WARNING, UNDER_WARNING, CORRECTED_VOLATILE, CORRECTED_PERSISTENT,
	};
	unsigned anew = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(warnings); i++)
		if (alerts >> i & 1)
			anew |= 1u << warnings[i];
	update(dev, anew);
}

/* ---- life ---- */

static void set_default_alerts(struct swcxl_dev *dev)
{
	struct get_alert_configuration_out *alerts = &dev->alerts;

	*alerts = (struct get_alert_configuration_out){
		.valid = ALERT_LIFE_USED | ALERT_OVER_TEMPERATURE | ALERT_UNDER_TEMPERATURE,
		.programmable = programmable_alerts(dev),
		.life_critical = 95, /* percent */
		.life_warning = 80,
	};
	wr(&alerts->over_critical, 95); /* degrees Celsius */
	wr(&alerts->over_warning, 85);
	wr(&alerts->under_warning, 5);
	wr(&alerts->under_critical, 0);
}

void health_init(struct swcxl_dev *dev)
{
	wr(&dev->kept.health.temperature, 25);
	set_default_alerts(dev);
}

/* The caller updates when all is as it will be. */
void health_reset(struct swcxl_dev *dev, enum swcxl_reset type)
{
	struct kept_health *health = &dev->kept.health;

	if (type == SWCXL_RESET_CXL)
		return;
	set_default_alerts(dev);
	if (!rd(health->corrected_volatile) && !rd(health->corrected_persistent))
		return;
	wr(&health->corrected_volatile, 0);
	wr(&health->corrected_persistent, 0);
	kept_changed(dev, KEPT_health);
}

static bool is_life_used(uint8_t percent)
{
	return percent <= 100 || percent == LIFE_USED_UNKNOWN;
}

int health_restore(struct swcxl_dev *dev, const struct kept_health *kept)
{
	if (!is_life_used(kept->life_used) || kept->status & ~HEALTH_STATUS_ALL ||
	    kept->media_status >= HEALTH_MEDIA_STATES || kept->media_said >= HEALTH_MEDIA_STATES ||
	    rd(kept->raised) >> CONDITIONS)
		return -EINVAL;
	dev->kept.health = *kept;
	return 0;
}

/* ---- the management face ---- */

void swcxl_get_health(const struct swcxl_dev *dev, struct swcxl_health *health)
{
	const struct kept_health *kept = &dev->kept.health;

	*health = (struct swcxl_health){
		.status = kept->status,
		.media_status = kept->media_status,
		.life_used = kept->life_used,
		.temperature = (int16_t)rd(kept->temperature),
		.corrected_volatile_errors = rd(kept->corrected_volatile),
		.corrected_persistent_errors = rd(kept->corrected_persistent),
	};
}

void health_query(const struct swcxl_dev *dev, struct swcxl_status *status)
{
	struct get_health_info_out info;

	health_info(dev, &info);
	swcxl_get_health(dev, &status->health);
	status->health.status = info.health_status;
	status->health.media_status = info.media_status;
	status->additional_status = info.additional_status;
	status->dirty_shutdowns = rd(info.dirty_shutdown_count);
}

int swcxl_set_health(struct swcxl_dev *dev, const struct swcxl_health *health)
{
	struct kept_health *kept = &dev->kept.health;

	if (health->status & ~HEALTH_STATUS_ALL || health->media_status >= HEALTH_MEDIA_STATES ||
	    !is_life_used(health->life_used))
		return -EINVAL;
	kept->status = health->status;
	kept->media_status = health->media_status;
	kept->life_used = health->life_used;
	wr(&kept->temperature, (uint16_t)health->temperature);
	wr(&kept->corrected_volatile, health->corrected_volatile_errors);
	wr(&kept->corrected_persistent, health->corrected_persistent_errors);
	kept_changed(dev, KEPT_health);
	health_update(dev);
	return 0;
}
