/* SPDX-License-Identifier: MIT */
/*
 * What the payloads of commands say, for people. Names, offsets and sizes of fields are those of
 * src/wire/, whose lists are taken as they are; what those cannot tell is here. Rows only; a row
 * macro that the including file does not define is empty.
 *
 *   PAYLOAD(struct, LIST)            a payload, and the list of its fields
 *   BITS(struct, field, "a|b|c")     bits, by number; "-": of no meaning
 *   CODE(struct, field, "a|b|c")     one of these, by value; likewise
 *   LOW(struct, field, mask, "a|b|c") an address, whose low bits are a code
 *   HEX(struct, field)               better read so (numbers of 64 bits are, without a row)
 *   SIGNED(struct, field)
 *   CHARS(struct, field)             characters
 *   SECRET(struct, field)            not shown
 *   TAIL(command, IN or OUT, name, element, rest)
 *       what follows the struct: any number of elements, then rest; either may be none. A command
 *       may have several of these rows, and the first that fits its length is the one. Without
 *       one that fits, it is bytes.
 *   OBJECT(vendor, type, "title", input, output)
 *       a data object of DOE, behind its header; what follows output is bytes
 *
 * Every payload of commands.tbl.h has its row here, or does not compile.
 */
#ifndef PAYLOAD
#define PAYLOAD(...)
#endif
#ifndef BITS
#define BITS(...)
#endif
#ifndef CODE
#define CODE(...)
#endif
#ifndef LOW
#define LOW(...)
#endif
#ifndef HEX
#define HEX(...)
#endif
#ifndef SIGNED
#define SIGNED(...)
#endif
#ifndef CHARS
#define CHARS(...)
#endif
#ifndef SECRET
#define SECRET(...)
#endif
#ifndef TAIL
#define TAIL(...)
#endif
#ifndef OBJECT
#define OBJECT(...)
#endif
#define LOGS_ "informational|warning|failure|fatal|dynamic-capacity"
#define MEDIA_STATUS_ \
	"normal|not-ready|persistency-lost|data-lost|persistency-loss-at-power-loss|" \
	"persistency-loss-at-shutdown|persistency-loss-imminent|data-loss-at-power-loss|" \
	"data-loss-at-shutdown|data-loss-imminent"
#define ALERTS_ \
	"life-used|over-temperature|under-temperature|corrected-volatile|corrected-persistent"
#define PHASES_ "full|initiate|continue|end|abort"
/* clang-format off */

/* ---- generic.h ---- */
PAYLOAD(identify_out, IDENTIFY_OUT)
HEX(identify_out, vendor_id)
HEX(identify_out, device_id)
HEX(identify_out, subsystem_vendor_id)
HEX(identify_out, subsystem_id)
PAYLOAD(background_operation_status_out, BACKGROUND_OPERATION_STATUS_OUT)
HEX(background_operation_status_out, status)
HEX(background_operation_status_out, opcode)
HEX(background_operation_status_out, return_code)
PAYLOAD(response_message_limit, RESPONSE_MESSAGE_LIMIT)
PAYLOAD(get_event_records_in, GET_EVENT_RECORDS_IN)
CODE(get_event_records_in, log, LOGS_)
PAYLOAD(get_event_records_out, GET_EVENT_RECORDS_OUT)
BITS(get_event_records_out, flags, "overflow|more")
TAIL(get_event_records, OUT, "records", event_header, none)
PAYLOAD(clear_event_records_in, CLEAR_EVENT_RECORDS_IN)
CODE(clear_event_records_in, log, LOGS_)
BITS(clear_event_records_in, flags, "all")
TAIL(clear_event_records, IN, "handles", event_handle, none)
PAYLOAD(event_interrupt_policy, EVENT_INTERRUPT_POLICY)
PAYLOAD(timestamp, TIMESTAMP)
PAYLOAD(get_supported_logs_out, GET_SUPPORTED_LOGS_OUT)
PAYLOAD(supported_log, SUPPORTED_LOG)
TAIL(get_supported_logs, OUT, "logs", supported_log, none)
PAYLOAD(get_log_in, GET_LOG_IN)
TAIL(get_log, OUT, "data", none, none)
PAYLOAD(log_in, LOG_IN)
PAYLOAD(get_log_capabilities_out, GET_LOG_CAPABILITIES_OUT)
BITS(get_log_capabilities_out, flags, "clear|populate|populates-itself|outlives-power")
PAYLOAD(get_supported_logs_sub_list_in, GET_SUPPORTED_LOGS_SUB_LIST_IN)
PAYLOAD(get_supported_logs_sub_list_out, GET_SUPPORTED_LOGS_SUB_LIST_OUT)
TAIL(get_supported_logs_sub_list, OUT, "logs", supported_log, none)

/* ---- fw.h ---- */
PAYLOAD(get_fw_info_out, GET_FW_INFO_OUT)
HEX(get_fw_info_out, slot_info)
BITS(get_fw_info_out, capabilities, "activate-online")
CHARS(get_fw_info_out, revision)
PAYLOAD(transfer_fw_in, TRANSFER_FW_IN)
CODE(transfer_fw_in, action, PHASES_)
PAYLOAD(activate_fw_in, ACTIVATE_FW_IN)
CODE(activate_fw_in, action, "online|at-reset")

/* ---- features.h ---- */
PAYLOAD(get_supported_features_in, GET_SUPPORTED_FEATURES_IN)
PAYLOAD(get_supported_features_out, GET_SUPPORTED_FEATURES_OUT)
PAYLOAD(feature_entry, FEATURE_ENTRY)
HEX(feature_entry, attributes)
HEX(feature_entry, effects)
TAIL(get_supported_features, OUT, "features", feature_entry, none)
PAYLOAD(get_feature_in, GET_FEATURE_IN)
CODE(get_feature_in, selection, "current|default|saved")
PAYLOAD(set_feature_in, SET_FEATURE_IN)
HEX(set_feature_in, flags)

/* ---- maintenance.h ---- */
PAYLOAD(perform_maintenance_in, PERFORM_MAINTENANCE_IN)
CODE(perform_maintenance_in, class, "-|ppr|sparing")
PAYLOAD(ppr_in, PPR_IN)
BITS(ppr_in, flags, "query")
HEX(ppr_in, nibble_mask)
PAYLOAD(sparing_in, SPARING_IN)
BITS(sparing_in, flags, "query|hard|sub-channel|nibble-mask")
HEX(sparing_in, nibble_mask)
TAIL(perform_maintenance, IN, "ppr", none, ppr_in)
TAIL(perform_maintenance, IN, "sparing", none, sparing_in)

/* ---- memory.h ---- */
PAYLOAD(identify_memory_device_out, IDENTIFY_MEMORY_DEVICE_OUT)
CHARS(identify_memory_device_out, fw_revision)
BITS(identify_memory_device_out, poison_handling, "injected-persists|device-scans")
BITS(identify_memory_device_out, qos_telemetry, "egress-congestion|throughput-reduction")
PAYLOAD(get_partition_info_out, GET_PARTITION_INFO_OUT)
PAYLOAD(set_partition_info_in, SET_PARTITION_INFO_IN)
BITS(set_partition_info_in, flags, "immediate")
PAYLOAD(get_lsa_in, GET_LSA_IN)
PAYLOAD(set_lsa_in, SET_LSA_IN)
PAYLOAD(sld_qos_control, SLD_QOS_CONTROL)
BITS(sld_qos_control, control, "egress-congestion|throughput-reduction")
PAYLOAD(sld_qos_status, SLD_QOS_STATUS)

/* ---- health.h ---- */
PAYLOAD(get_health_info_out, GET_HEALTH_INFO_OUT)
BITS(get_health_info_out, health_status, "maintenance-needed|performance-degraded|replace-hardware|capacity-degraded")
CODE(get_health_info_out, media_status, MEDIA_STATUS_)
HEX(get_health_info_out, additional_status)
SIGNED(get_health_info_out, temperature)
PAYLOAD(get_alert_configuration_out, GET_ALERT_CONFIGURATION_OUT)
BITS(get_alert_configuration_out, valid, ALERTS_)
BITS(get_alert_configuration_out, programmable, ALERTS_)
SIGNED(get_alert_configuration_out, over_critical)
SIGNED(get_alert_configuration_out, under_critical)
SIGNED(get_alert_configuration_out, over_warning)
SIGNED(get_alert_configuration_out, under_warning)
PAYLOAD(set_alert_configuration_in, SET_ALERT_CONFIGURATION_IN)
BITS(set_alert_configuration_in, valid_actions, ALERTS_)
BITS(set_alert_configuration_in, enable_actions, ALERTS_)
SIGNED(set_alert_configuration_in, over_warning)
SIGNED(set_alert_configuration_in, under_warning)
PAYLOAD(shutdown_state, SHUTDOWN_STATE)
BITS(shutdown_state, state, "dirty")

/* ---- media.h ---- */
PAYLOAD(media_error_record, MEDIA_ERROR_RECORD)
LOW(media_error_record, address, 7, "unknown|external|internal|injected|-|-|-|vendor")
PAYLOAD(media_range_in, MEDIA_RANGE_IN)
LOW(media_range_in, address, 1, "-|restart")
PAYLOAD(get_poison_list_out, GET_POISON_LIST_OUT)
BITS(get_poison_list_out, flags, "more|overflow|scan-in-progress|restarted")
TAIL(get_poison_list, OUT, "records", media_error_record, none)
PAYLOAD(inject_poison_in, INJECT_POISON_IN)
PAYLOAD(clear_poison_in, CLEAR_POISON_IN)
PAYLOAD(get_scan_media_capabilities_out, GET_SCAN_MEDIA_CAPABILITIES_OUT)
PAYLOAD(scan_media_in, SCAN_MEDIA_IN)
BITS(scan_media_in, flags, "no-event-log")
PAYLOAD(get_scan_media_results_out, GET_SCAN_MEDIA_RESULTS_OUT)
BITS(get_scan_media_results_out, flags, "more|stopped")
TAIL(get_scan_media_results, OUT, "records", media_error_record, none)

/* ---- security.h ---- */
PAYLOAD(media_operations_in, MEDIA_OPERATIONS_IN)
CODE(media_operations_in, class, "general|sanitize")
PAYLOAD(media_operation_range, MEDIA_OPERATION_RANGE)
PAYLOAD(media_discovery_in, MEDIA_DISCOVERY_IN)
PAYLOAD(media_discovery_out, MEDIA_DISCOVERY_OUT)
TAIL(media_operations, IN, "ranges", media_operation_range, none)
TAIL(media_operations, IN, "ranges", media_operation_range, media_discovery_in)
PAYLOAD(get_security_state_out, GET_SECURITY_STATE_OUT)
BITS(get_security_state_out, state, "user-set|master-set|locked|frozen|user-exhausted|master-exhausted")
PAYLOAD(set_passphrase_in, SET_PASSPHRASE_IN)
CODE(set_passphrase_in, type, "master|user")
SECRET(set_passphrase_in, current)
SECRET(set_passphrase_in, new)
PAYLOAD(passphrase_in, PASSPHRASE_IN)
CODE(passphrase_in, type, "master|user")
SECRET(passphrase_in, current)
PAYLOAD(unlock_in, UNLOCK_IN)
SECRET(unlock_in, current)
PAYLOAD(security_protocol_in, SECURITY_PROTOCOL_IN)

/* ---- dc.h ---- */
PAYLOAD(get_dc_config_in, GET_DC_CONFIG_IN)
PAYLOAD(get_dc_config_out, GET_DC_CONFIG_OUT)
PAYLOAD(dc_region, DC_REGION)
BITS(dc_region, flags, "sanitize")
PAYLOAD(dc_counters, DC_COUNTERS)
TAIL(get_dc_config, OUT, "regions", dc_region, none)
TAIL(get_dc_config, OUT, "regions", dc_region, dc_counters)
PAYLOAD(get_dc_extent_list_in, GET_DC_EXTENT_LIST_IN)
PAYLOAD(get_dc_extent_list_out, GET_DC_EXTENT_LIST_OUT)
PAYLOAD(dc_extent_data, DC_EXTENT)
TAIL(get_dc_extent_list, OUT, "extents", dc_extent_data, none)
PAYLOAD(dc_update_in, DC_UPDATE_IN)
BITS(dc_update_in, flags, "more")
PAYLOAD(dc_update_entry, DC_UPDATE_ENTRY)
TAIL(add_dc_response, IN, "extents", dc_update_entry, none)
TAIL(release_dc, IN, "extents", dc_update_entry, none)

/* ---- doe.h ---- */
PAYLOAD(doe_discovery_in, DOE_DISCOVERY_IN)
PAYLOAD(doe_discovery_out, DOE_DISCOVERY_OUT)
HEX(doe_discovery_out, vendor)
PAYLOAD(doe_read_entry, DOE_READ_ENTRY)
HEX(doe_read_entry, handle)
PAYLOAD(doe_compliance_in, DOE_COMPLIANCE_IN)
PAYLOAD(doe_compliance_out, DOE_COMPLIANCE_OUT)
OBJECT(PCI_SIG_VENDOR_ID, DOE_DISCOVERY, "Discovery", doe_discovery_in, doe_discovery_out)
OBJECT(CXL_VENDOR_ID, DOE_COMPLIANCE, "Compliance", doe_compliance_in, doe_compliance_out)
OBJECT(CXL_VENDOR_ID, DOE_TABLE_ACCESS, "Table Access", doe_read_entry, doe_read_entry)

/* ---- kept.h: settings, as they are stored ---- */
PAYLOAD(state_dump_header, STATE_DUMP_HEADER)
PAYLOAD(kept_partition, KEPT_PARTITION)
PAYLOAD(kept_shutdown, KEPT_SHUTDOWN)
PAYLOAD(kept_media, KEPT_MEDIA)
PAYLOAD(kept_security, KEPT_SECURITY)
PAYLOAD(kept_fw_slot, KEPT_FW_SLOT)
PAYLOAD(kept_firmware, KEPT_FIRMWARE)
PAYLOAD(kept_features, KEPT_FEATURES)
PAYLOAD(kept_spare, KEPT_SPARE)
PAYLOAD(kept_spares, KEPT_SPARES)
PAYLOAD(kept_health, KEPT_HEALTH)
PAYLOAD(kept_state_dump, KEPT_STATE_DUMP)
PAYLOAD(kept_extent, KEPT_EXTENT)
PAYLOAD(kept_lost, KEPT_LOST)

/* clang-format on */
#undef PAYLOAD
#undef BITS
#undef CODE
#undef LOW
#undef HEX
#undef SIGNED
#undef CHARS
#undef SECRET
#undef TAIL
#undef OBJECT
#undef LOGS_
#undef MEDIA_STATUS_
#undef ALERTS_
#undef PHASES_
