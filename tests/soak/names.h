/* SPDX-License-Identifier: MIT */
/*
 * The model test calls the library by these names. Compiled behind this header, it calls remote.c
 * instead, which does the same to a process, over its sockets.
 */
#ifndef SWCXL_TESTS_SOAK_NAMES_H
#define SWCXL_TESTS_SOAK_NAMES_H

#define swcxl_advance remote_advance
#define swcxl_cci_new remote_cci_new
#define swcxl_dc_add remote_dc_add
#define swcxl_dc_extent_get remote_dc_extent_get
#define swcxl_dc_reference remote_dc_reference
#define swcxl_dc_refusal_get remote_dc_refusal_get
#define swcxl_dc_region_get remote_dc_region_get
#define swcxl_dc_release remote_dc_release
#define swcxl_execute remote_execute
#define swcxl_log_record remote_log_record
#define swcxl_media_read remote_media_read
#define swcxl_media_write remote_media_write
#define swcxl_plant remote_plant
#define swcxl_poison_next remote_poison_next
#define swcxl_query remote_query
#define swcxl_query_log remote_query_log
#define swcxl_reset remote_reset

#endif
