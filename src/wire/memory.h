/* SPDX-License-Identifier: MIT */
/* Payloads of the memory device commands but media and poison: CXL r3.2 8.2.10.9.1 to .3. */
#ifndef SWCXL_WIRE_MEMORY_H
#define SWCXL_WIRE_MEMORY_H

#include "base/wire.h"

/* clang-format off */

/* Identify Memory Device (4000h): output; 2.0 ends at 43h. */
#define IDENTIFY_MEMORY_DEVICE_OUT(F)                  \
	F(0x00, u8,   fw_revision, [16])               \
	F(0x10, le64, total_capacity)                  \
	F(0x18, le64, volatile_capacity)               \
	F(0x20, le64, persistent_capacity)             \
	F(0x28, le64, partition_align)                 \
	F(0x30, le16, informational_log_size)          \
	F(0x32, le16, warning_log_size)                \
	F(0x34, le16, failure_log_size)                \
	F(0x36, le16, fatal_log_size)                  \
	F(0x38, le32, lsa_size)                        \
	F(0x3c, le24, poison_list_max)                 \
	F(0x3f, le16, inject_poison_limit)             \
	F(0x41, u8,   poison_handling)                 \
	F(0x42, u8,   qos_telemetry)                   \
	F(0x43, le16, dynamic_capacity_log_size)
WIRE_STRUCT(identify_memory_device_out, 0x45, IDENTIFY_MEMORY_DEVICE_OUT)
#define IDENTIFY_MEMORY_DEVICE_OUT_2_0 0x43
#define POISON_INJECTED_PERSISTS 0x01
#define POISON_DEVICE_SCANS      0x02

/* Get Partition Info (4100h): output, in units of 256 MiB. */
#define GET_PARTITION_INFO_OUT(F)                      \
	F(0x00, le64, active_volatile)                 \
	F(0x08, le64, active_persistent)               \
	F(0x10, le64, next_volatile)                   \
	F(0x18, le64, next_persistent)
WIRE_STRUCT(get_partition_info_out, 0x20, GET_PARTITION_INFO_OUT)

/* Set Partition Info (4101h): input: the volatile part of the partitionable capacity. */
#define SET_PARTITION_INFO_IN(F)                       \
	F(0x00, le64, volatile_capacity)               \
	F(0x08, u8,   flags)
WIRE_STRUCT(set_partition_info_in, 0x09, SET_PARTITION_INFO_IN)
#define SET_PARTITION_IMMEDIATE 0x01

/* Get LSA (4102h): input.  Set LSA (4103h): input before the data. */
#define GET_LSA_IN(F)                                  \
	F(0x00, le32, offset)                          \
	F(0x04, le32, length)
WIRE_STRUCT(get_lsa_in, 0x08, GET_LSA_IN)
#define SET_LSA_IN(F)                                  \
	F(0x00, le32, offset)                          \
	F(0x04, u8,   reserved, [4])
WIRE_STRUCT(set_lsa_in, 0x08, SET_LSA_IN)

/* Get and Set SLD QoS Control (4700h, 4701h).  Get SLD QoS Status (4702h): output. */
#define SLD_QOS_CONTROL(F)                             \
	F(0x00, u8,   control)                         \
	F(0x01, u8,   moderate_percent)                \
	F(0x02, u8,   severe_percent)                  \
	F(0x03, u8,   sample_interval)
WIRE_STRUCT(sld_qos_control, 0x04, SLD_QOS_CONTROL)
#define QOS_EGRESS_CONGESTION    0x01 /* also of Identify 42h: what the device has */
#define QOS_THROUGHPUT_REDUCTION 0x02
#define QOS_ALL                  (QOS_EGRESS_CONGESTION | QOS_THROUGHPUT_REDUCTION)
#define QOS_SAMPLE_INTERVAL_MAX  15
#define SLD_QOS_STATUS(F)                              \
	F(0x00, u8,   backpressure_percent)
WIRE_STRUCT(sld_qos_status, 0x01, SLD_QOS_STATUS)

/* clang-format on */

#endif
