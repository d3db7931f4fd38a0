/* SPDX-License-Identifier: MIT */
/* Payloads of health information and alerts, shutdown state: CXL r3.2 8.2.10.9.3. */
#ifndef SWCXL_WIRE_HEALTH_H
#define SWCXL_WIRE_HEALTH_H

#include "base/wire.h"

/* clang-format off */

/* Get Health Info (4200h): output; event records of memory modules have a copy of it. */
#define GET_HEALTH_INFO_OUT(F)                         \
	F(0x00, u8,   health_status)                   \
	F(0x01, u8,   media_status)                    \
	F(0x02, u8,   additional_status)               \
	F(0x03, u8,   life_used)                       \
	F(0x04, le16, temperature)                     \
	F(0x06, le32, dirty_shutdown_count)            \
	F(0x0a, le32, corrected_volatile_errors)       \
	F(0x0e, le32, corrected_persistent_errors)
WIRE_STRUCT(get_health_info_out, 0x12, GET_HEALTH_INFO_OUT)
#define HEALTH_STATUS_ALL               0x0f
#define ADDITIONAL_LIFE_USED_SHIFT      0 /* enum additional_level */
#define ADDITIONAL_TEMPERATURE_SHIFT    2
#define ADDITIONAL_CORRECTED_VOLATILE   0x10
#define ADDITIONAL_CORRECTED_PERSISTENT 0x20
#define LIFE_USED_UNKNOWN               0xff
#define TEMPERATURE_UNKNOWN             0x7fff

/* Get Alert Configuration (4201h): output; temperatures are signed. */
#define GET_ALERT_CONFIGURATION_OUT(F)                 \
	F(0x00, u8,   valid)                           \
	F(0x01, u8,   programmable)                    \
	F(0x02, u8,   life_critical)                   \
	F(0x03, u8,   life_warning)                    \
	F(0x04, le16, over_critical)                   \
	F(0x06, le16, under_critical)                  \
	F(0x08, le16, over_warning)                    \
	F(0x0a, le16, under_warning)                   \
	F(0x0c, le16, corrected_volatile)              \
	F(0x0e, le16, corrected_persistent)
WIRE_STRUCT(get_alert_configuration_out, 0x10, GET_ALERT_CONFIGURATION_OUT)

/* Set Alert Configuration (4202h): input. */
#define SET_ALERT_CONFIGURATION_IN(F)                  \
	F(0x00, u8,   valid_actions)                   \
	F(0x01, u8,   enable_actions)                  \
	F(0x02, u8,   life_warning)                    \
	F(0x03, u8,   reserved)                        \
	F(0x04, le16, over_warning)                    \
	F(0x06, le16, under_warning)                   \
	F(0x08, le16, corrected_volatile)              \
	F(0x0a, le16, corrected_persistent)
WIRE_STRUCT(set_alert_configuration_in, 0x0c, SET_ALERT_CONFIGURATION_IN)

/* The alerts, in all four bitmaps. */
#define ALERT_LIFE_USED            0x01
#define ALERT_OVER_TEMPERATURE     0x02
#define ALERT_UNDER_TEMPERATURE    0x04
#define ALERT_CORRECTED_VOLATILE   0x08
#define ALERT_CORRECTED_PERSISTENT 0x10
#define ALERT_ALL                  0x1f

/* Get and Set Shutdown State (4203h, 4204h). */
#define SHUTDOWN_STATE(F)                              \
	F(0x00, u8,   state)
WIRE_STRUCT(shutdown_state, 0x01, SHUTDOWN_STATE)
#define SHUTDOWN_DIRTY 0x01

/* clang-format on */

enum additional_level { ADDITIONAL_NORMAL, ADDITIONAL_WARNING, ADDITIONAL_CRITICAL };

/* Media status of Get Health Info. */
enum health_media {
	HEALTH_MEDIA_NORMAL,
	HEALTH_MEDIA_NOT_READY,
	HEALTH_MEDIA_PERSISTENCY_LOST,
	HEALTH_MEDIA_DATA_LOST,
	HEALTH_MEDIA_PERSISTENCY_LOSS_AT_POWER_LOSS,
	HEALTH_MEDIA_PERSISTENCY_LOSS_AT_SHUTDOWN,
	HEALTH_MEDIA_PERSISTENCY_LOSS_IMMINENT,
	HEALTH_MEDIA_DATA_LOSS_AT_POWER_LOSS,
	HEALTH_MEDIA_DATA_LOSS_AT_SHUTDOWN,
	HEALTH_MEDIA_DATA_LOSS_IMMINENT,
	HEALTH_MEDIA_STATES
};

#endif
