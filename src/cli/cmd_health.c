// SPDX-License-Identifier: MIT
/*
 * health: what Get Health Info and Get Alert Configuration say, over either transport. Setting
 * what the device measures is for the control socket, which also judges names and values.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "cli/names.h"
#include "wire/health.h"

struct state {
	struct get_health_info_out info;
	struct get_alert_configuration_out alerts;
};

static void look(struct link *link, struct state *state)
{
	struct reply reply = cci_execute(link, OP_get_health_info, NULL, 0, NULL);

	reply_read(&reply, 0, &state->info, sizeof(state->info));
	reply = cci_execute(link, OP_get_alert_configuration, NULL, 0, NULL);
	reply_read(&reply, 0, &state->alerts, sizeof(state->alerts));
}

static unsigned level(const struct state *state, unsigned shift)
{
	return state->info.additional_status >> shift & 3;
}

static bool warns(const struct state *state, unsigned bit)
{
	return state->info.additional_status & bit;
}

/* ---- text ---- */

static void print_level(unsigned level)
{
	if (level)
		printf("; %s%s%s", colour(level == ADDITIONAL_CRITICAL ? RED : YELLOW),
		       value_key(ENUM_alert_level, level), colour(PLAIN));
	putchar('\n');
}

static void print_status(const struct state *state)
{
	struct json_object *bits = bit_keys(ENUM_health_status, state->info.health_status);
	size_t n = json_object_array_length(bits);

	printf("Health      %s", n ? "" : "good");
	for (size_t i = 0; i < n; i++)
		printf("%s%s%s%s", i ? ", " : "", colour(RED),
		       json_object_get_string(json_object_array_get_idx(bits, i)), colour(PLAIN));
	printf("\nMedia       %s\n", value_key(ENUM_health_media_status, state->info.media_status));
	json_object_put(bits);
}

static void print_life(const struct state *state)
{
	const struct get_alert_configuration_out *a = &state->alerts;

	if (state->info.life_used == LIFE_USED_UNKNOWN)
		printf("Life used   not known");
	else
		printf("Life used   %u %%", state->info.life_used);
	printf(" (");
	if (a->valid & ALERT_LIFE_USED)
		printf("warning from %u %%, ", a->life_warning);
	printf("critical from %u %%)", a->life_critical);
	print_level(level(state, ADDITIONAL_LIFE_USED_SHIFT));
}

static void print_temperature(const struct state *state)
{
	const struct get_alert_configuration_out *a = &state->alerts;

	if (rd(state->info.temperature) == TEMPERATURE_UNKNOWN)
		printf("Temperature not known");
	else
		printf("Temperature %d C", (int16_t)rd(state->info.temperature));
	printf(" (");
	if (a->valid & ALERT_OVER_TEMPERATURE)
		printf("warning from %d C, ", (int16_t)rd(a->over_warning));
	printf("critical from %d C", (int16_t)rd(a->over_critical));
	if (a->valid & ALERT_UNDER_TEMPERATURE)
		printf("; warning down from %d C", (int16_t)rd(a->under_warning));
	printf(", critical down from %d C)", (int16_t)rd(a->under_critical));
	print_level(level(state, ADDITIONAL_TEMPERATURE_SHIFT));
}

static void print_corrected(const struct state *state, const char *what, uint32_t count,
			    unsigned alert, le16 threshold, unsigned status)
{
	printf("Corrected   %" PRIu32 " error%s of %s capacity", count, plural(count), what);
	if (state->alerts.valid & alert)
		printf(" (warning from %u)", rd(threshold));
	print_level(warns(state, status));
}

static void print_health(const struct state *state)
{
	const struct get_health_info_out *info = &state->info;
	uint32_t dirty = rd(info->dirty_shutdown_count);

	print_status(state);
	print_life(state);
	print_temperature(state);
	print_corrected(state, "volatile", rd(info->corrected_volatile_errors),
			ALERT_CORRECTED_VOLATILE, state->alerts.corrected_volatile,
			ADDITIONAL_CORRECTED_VOLATILE);
	print_corrected(state, "persistent", rd(info->corrected_persistent_errors),
			ALERT_CORRECTED_PERSISTENT, state->alerts.corrected_persistent,
			ADDITIONAL_CORRECTED_PERSISTENT);
	printf("Shutdowns   %" PRIu32 " dirty\n", dirty);
}

/* ---- JSON ---- */

static void add_level(struct json_object *object, const char *key, unsigned level)
{
	add_string(object, key, value_key(ENUM_alert_level, level));
}

static struct json_object *alert_json(const struct state *state, unsigned alert, int warning)
{
	struct json_object *object = json_object_new_object();

	add_bool(object, "programmable", state->alerts.programmable & alert);
	add_bool(object, "enabled", state->alerts.valid & alert);
	json_object_object_add(object, "warning", json_object_new_int(warning));
	return object;
}

static struct json_object *with_critical(struct json_object *alert, int critical)
{
	json_object_object_add(alert, "critical", json_object_new_int(critical));
	return alert;
}

static struct json_object *alerts_json(const struct state *state)
{
	const struct get_alert_configuration_out *a = &state->alerts;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "life-used",
			       with_critical(alert_json(state, ALERT_LIFE_USED, a->life_warning),
					     a->life_critical));
	json_object_object_add(object, "over-temperature",
			       with_critical(alert_json(state, ALERT_OVER_TEMPERATURE,
							(int16_t)rd(a->over_warning)),
					     (int16_t)rd(a->over_critical)));
	json_object_object_add(object, "under-temperature",
			       with_critical(alert_json(state, ALERT_UNDER_TEMPERATURE,
							(int16_t)rd(a->under_warning)),
					     (int16_t)rd(a->under_critical)));
	json_object_object_add(
		object, "corrected-volatile-errors",
		alert_json(state, ALERT_CORRECTED_VOLATILE, rd(a->corrected_volatile)));
	json_object_object_add(
		object, "corrected-persistent-errors",
		alert_json(state, ALERT_CORRECTED_PERSISTENT, rd(a->corrected_persistent)));
	return object;
}

/* As the control protocol names it, so that either can be read by the same script. */
static struct json_object *health_json(const struct state *state)
{
	const struct get_health_info_out *info = &state->info;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "health-status",
			       bit_keys(ENUM_health_status, info->health_status));
	add_string(object, "media-status", value_key(ENUM_health_media_status, info->media_status));
	add_number(object, "life-used", info->life_used);
	add_level(object, "life-used-level", level(state, ADDITIONAL_LIFE_USED_SHIFT));
	json_object_object_add(object, "temperature",
			       json_object_new_int((int16_t)rd(info->temperature)));
	add_level(object, "temperature-level", level(state, ADDITIONAL_TEMPERATURE_SHIFT));
	add_number(object, "dirty-shutdown-count", rd(info->dirty_shutdown_count));
	add_number(object, "corrected-volatile-error-count", rd(info->corrected_volatile_errors));
	add_level(object, "corrected-volatile-level", warns(state, ADDITIONAL_CORRECTED_VOLATILE));
	add_number(object, "corrected-persistent-error-count",
		   rd(info->corrected_persistent_errors));
	add_level(object, "corrected-persistent-level",
		  warns(state, ADDITIONAL_CORRECTED_PERSISTENT));
	json_object_object_add(object, "alerts", alerts_json(state));
	return object;
}

/* ---- setting ---- */

/* Bits are a list of names; what is a number is one, and else it is a name. */
static struct json_object *value_json(const char *name, char *text)
{
	struct json_object *array;
	long long number;
	char *end, *bit;

	if (!strcmp(name, "health-status")) {
		array = json_object_new_array();
		for (bit = strtok_r(text, ",", &end); bit; bit = strtok_r(NULL, ",", &end))
			json_object_array_add(array, json_object_new_string(bit));
		return array;
	}
	number = strtoll(text, &end, 0);
	return *text && !*end ? json_object_new_int64(number) : json_object_new_string(text);
}

static void set(struct ctl *ctl)
{
	struct json_object *args;

	if (ctl_has(ctl, OPT_pci))
		ctl_usage(ctl, "Setting it needs the control socket of an swcxl process (--qmp)");
	args = json_object_new_object();
	for (unsigned i = 0; i < ctl->nargs; i++) {
		char *name = ctl->args[i], *value = strchr(name, '=');

		if (!value)
			ctl_usage(ctl, "'%s' is no NAME=VALUE, as in life-used=90", name);
		*value++ = '\0';
		json_object_object_add(args, name, value_json(name, value));
	}
	json_object_put(qmp_call(ctl_link(ctl), "swcxl-set-health", args, NULL));
}

enum status cmd_health(struct ctl *ctl)
{
	struct state state;

	if (ctl->nargs)
		set(ctl);
	look(ctl_link(ctl), &state);
	if (ctl->json)
		print_json(health_json(&state));
	else
		print_health(&state);
	return DONE;
}
