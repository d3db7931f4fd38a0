/* SPDX-License-Identifier: MIT */
/*
 * The commands of the device: the one home of what the specification says of each. Rows only.
 *
 *   CMD(opcode, name, input, minimum, input tail, output, output tail,
 *       effects, rules, codes, section, title)
 *
 * input, output   payload structs (src/wire/); `none` has no bytes
 * minimum         shortest legal input: sizeof the struct unless fields were appended to it by
 *                 a later revision; missing bytes read as 0
 * input tail      bytes that may follow the input struct, at most (TAIL: to the payload's end)
 * output tail     1 when a variable tail follows the output struct
 * effects         as the Command Effects Log shows them, without bit 7
 * rules           which channels accept it, and what must hold (enum command_rule, core/cci.h)
 * codes           return codes that the handler gives beside Success; those of the dispatcher's
 *                 checks follow from the rest of the row (command_codes(), core/cci.h)
 *
 * The dispatcher checks all that a row says; a handler cmd_<name>() gets typed, checked payloads.
 */
#ifndef CMD
#error "define CMD() first"
#endif
#define CAN(rc) (1ull << SWCXL_##rc)
/* clang-format off */
CMD(0x0001, identify,                      none, 0, 0,                    identify_out, 0,                    0,                         OFF_MAILBOX, 0, "8.2.10.1.1",   "Identify")
CMD(0x0002, background_operation_status,   none, 0, 0,                    background_operation_status_out, 0, 0,                         OFF_MAILBOX, 0, "8.2.10.1.2",   "Background Operation Status")
CMD(0x0003, get_response_message_limit,    none, 0, 0,                    response_message_limit, 0,          0,                         OFF_MAILBOX, 0, "8.2.10.1.3",   "Get Response Message Limit")
CMD(0x0004, set_response_message_limit,    response_message_limit, 1, 0,  response_message_limit, 0,          0,                         OFF_MAILBOX, CAN(INVALID_INPUT), "8.2.10.1.4",   "Set Response Message Limit")
CMD(0x0005, request_abort_background_operation, none, 0, 0,               none, 0,                            0,                         0, CAN(REQUEST_ABORT_NOT_SUPPORTED), "8.2.10.1.5",   "Request Abort Background Operation")
CMD(0x0100, get_event_records,             get_event_records_in, 1, 0,    get_event_records_out, 1,           0,                         ON_SECONDARY, CAN(INVALID_INPUT), "8.2.10.2.2",   "Get Event Records")
CMD(0x0101, clear_event_records,           clear_event_records_in, 6, 510, none, 0,                           EFF_IMM_LOG,               0, CAN(INVALID_INPUT) | CAN(INVALID_HANDLE) | CAN(INVALID_PAYLOAD_LENGTH), "8.2.10.2.3",   "Clear Event Records")
CMD(0x0102, get_event_interrupt_policy,    none, 0, 0,                    event_interrupt_policy, 0,          0,                         ON_SECONDARY, 0, "8.2.10.2.4",   "Get Event Interrupt Policy")
CMD(0x0103, set_event_interrupt_policy,    event_interrupt_policy, 4, 0,  none, 0,                            EFF_IMM_POLICY,            NOT_KEPT, CAN(INVALID_INPUT) | CAN(INVALID_PAYLOAD_LENGTH), "8.2.10.2.5",   "Set Event Interrupt Policy")
CMD(0x0200, get_fw_info,                   none, 0, 0,                    get_fw_info_out, 0,                 0,                         ON_SECONDARY, 0, "8.2.10.3.1",   "Get FW Info")
CMD(0x0201, transfer_fw,                   transfer_fw_in, 0x80, TAIL,    none, 0,                            EFF_COLD_RESET_CONFIG | EFF_BACKGROUND | EFF_ABORT | EFF_RESET_CONFIGS, 0, CAN(SUCCESS) | CAN(INVALID_INPUT) | CAN(FW_TRANSFER_IN_PROGRESS) | CAN(FW_TRANSFER_OUT_OF_ORDER) | CAN(FW_VERIFICATION_FAILED) | CAN(INVALID_SLOT) | CAN(INVALID_PAYLOAD_LENGTH) | CAN(ABORTED), "8.2.10.3.2",   "Transfer FW")
CMD(0x0202, activate_fw,                   activate_fw_in, 2, 0,          none, 0,                            EFF_COLD_RESET_CONFIG | EFF_IMM_CONFIG | EFF_BACKGROUND | EFF_ABORT | EFF_RESET_CONFIGS, 0, CAN(SUCCESS) | CAN(INVALID_INPUT) | CAN(INVALID_SLOT) | CAN(ABORTED), "8.2.10.3.3",   "Activate FW")
CMD(0x0300, get_timestamp,                 none, 0, 0,                    timestamp, 0,                       0,                         ON_SECONDARY, 0, "8.2.10.4.1",   "Get Timestamp")
CMD(0x0301, set_timestamp,                 timestamp, 8, 0,               none, 0,                            EFF_IMM_POLICY,            NOT_KEPT, 0, "8.2.10.4.2",   "Set Timestamp")
CMD(0x0400, get_supported_logs,            none, 0, 0,                    get_supported_logs_out, 1,          0,                         ON_SECONDARY, 0, "8.2.10.5.1",   "Get Supported Logs")
CMD(0x0401, get_log,                       get_log_in, 0x18, 0,           none, 1,                            0,                         ON_SECONDARY, CAN(INVALID_INPUT) | CAN(RETRY_REQUIRED) | CAN(INVALID_LOG) | CAN(INTERRUPTED), "8.2.10.5.2",   "Get Log")
CMD(0x0402, get_log_capabilities,          log_in, 0x10, 0,               get_log_capabilities_out, 0,        0,                         ON_SECONDARY, CAN(INVALID_LOG), "8.2.10.5.3",   "Get Log Capabilities")
CMD(0x0403, clear_log,                     log_in, 0x10, 0,               none, 0,                            EFF_IMM_LOG,               0, CAN(INVALID_INPUT) | CAN(INVALID_LOG), "8.2.10.5.4",   "Clear Log")
CMD(0x0404, populate_log,                  log_in, 0x10, 0,               none, 0,                            EFF_IMM_LOG | EFF_BACKGROUND | EFF_ABORT, 0, CAN(INVALID_INPUT) | CAN(ABORTED) | CAN(INVALID_LOG) | CAN(INTERRUPTED), "8.2.10.5.5",   "Populate Log")
CMD(0x0405, get_supported_logs_sub_list,   get_supported_logs_sub_list_in, 2, 0, get_supported_logs_sub_list_out, 1, 0,                   ON_SECONDARY, CAN(INVALID_INPUT), "8.2.10.5.6",   "Get Supported Logs Sub-List")
CMD(0x0500, get_supported_features,        get_supported_features_in, 8, 0, get_supported_features_out, 1,      0,                         ON_SECONDARY, CAN(INVALID_INPUT), "8.2.10.6.1",   "Get Supported Features")
CMD(0x0501, get_feature,                   get_feature_in, 0x15, 0,       none, 1,                            0,                         ON_SECONDARY, CAN(INVALID_INPUT) | CAN(UNSUPPORTED) | CAN(UNSUPPORTED_FEATURE_SELECTION), "8.2.10.6.2",   "Get Feature")
CMD(0x0502, set_feature,                   set_feature_in, 0x20, TAIL,    none, 0,                            EFF_IMM_CONFIG,            0, CAN(INVALID_INPUT) | CAN(UNSUPPORTED) | CAN(UNSUPPORTED_FEATURE_VERSION) | CAN(FEATURE_TRANSFER_IN_PROGRESS) | CAN(FEATURE_TRANSFER_OUT_OF_ORDER), "8.2.10.6.3",   "Set Feature")
CMD(0x0600, perform_maintenance,           perform_maintenance_in, 2, TAIL, none, 0,                          EFF_IMM_DATA | EFF_IMM_LOG | EFF_BACKGROUND | EFF_ABORT, 0, CAN(SUCCESS) | CAN(INVALID_INPUT) | CAN(INVALID_PAYLOAD_LENGTH) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_SECURITY_STATE) | CAN(RESOURCES_EXHAUSTED), "8.2.10.7.1",   "Perform Maintenance")
CMD(0x4000, identify_memory_device,        none, 0, 0,                    identify_memory_device_out, 0,      0,                         ON_SECONDARY, 0, "8.2.10.9.1.1", "Identify Memory Device")
CMD(0x4100, get_partition_info,            none, 0, 0,                    get_partition_info_out, 0,          0,                         ON_SECONDARY, 0, "8.2.10.9.2.1", "Get Partition Info")
CMD(0x4101, set_partition_info,            set_partition_info_in, 9, 1,   none, 0,                            EFF_COLD_RESET_CONFIG | EFF_IMM_CONFIG | EFF_IMM_DATA | EFF_RESET_CONFIGS, NEEDS_MEDIA | NEEDS_UNLOCKED | NEEDS_PARTITIONABLE, CAN(INVALID_INPUT) | CAN(INVALID_PAYLOAD_LENGTH) | CAN(BUSY), "8.2.10.9.2.2", "Set Partition Info")
CMD(0x4102, get_lsa,                       get_lsa_in, 8, 0,              none, 1,                            0,                         ON_SECONDARY | NEEDS_MEDIA | NEEDS_LSA, CAN(INVALID_INPUT), "8.2.10.9.2.3", "Get LSA")
CMD(0x4103, set_lsa,                       set_lsa_in, 8, TAIL,           none, 0,                            EFF_IMM_CONFIG | EFF_IMM_DATA, NEEDS_MEDIA | NEEDS_UNLOCKED | NEEDS_LSA, CAN(INVALID_INPUT), "8.2.10.9.2.4", "Set LSA")
CMD(0x4200, get_health_info,               none, 0, 0,                    get_health_info_out, 0,             0,                         ON_SECONDARY, 0, "8.2.10.9.3.1", "Get Health Info")
CMD(0x4201, get_alert_configuration,       none, 0, 0,                    get_alert_configuration_out, 0,     0,                         ON_SECONDARY, 0, "8.2.10.9.3.2", "Get Alert Configuration")
CMD(0x4202, set_alert_configuration,       set_alert_configuration_in, 0xc, 0, none, 0,                       EFF_IMM_POLICY,            0, CAN(INVALID_INPUT), "8.2.10.9.3.3", "Set Alert Configuration")
CMD(0x4203, get_shutdown_state,            none, 0, 0,                    shutdown_state, 0,                  0,                         ON_SECONDARY | NEEDS_MEDIA, 0, "8.2.10.9.3.4", "Get Shutdown State")
CMD(0x4204, set_shutdown_state,            shutdown_state, 1, 0,          none, 0,                            EFF_IMM_POLICY,            NEEDS_MEDIA, CAN(INVALID_INPUT), "8.2.10.9.3.5", "Set Shutdown State")
CMD(0x4300, get_poison_list,               media_range_in, 0x10, 0,       get_poison_list_out, 1,             0,                         ON_SECONDARY | NEEDS_MEDIA, CAN(INVALID_INPUT) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.4.1", "Get Poison List")
CMD(0x4301, inject_poison,                 inject_poison_in, 8, 0,        none, 0,                            EFF_IMM_DATA,              NEEDS_MEDIA | SCAN_RULES, CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_SECURITY_STATE) | CAN(INJECT_POISON_LIMIT_REACHED) | CAN(INTERNAL_ERROR), "8.2.10.9.4.2", "Inject Poison")
CMD(0x4302, clear_poison,                  clear_poison_in, 0x48, 0,      none, 0,                            EFF_IMM_DATA,              NEEDS_MEDIA | SCAN_RULES, CAN(INVALID_INPUT) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_SECURITY_STATE) | CAN(PERMANENT_MEDIA_FAILURE) | CAN(INTERNAL_ERROR), "8.2.10.9.4.3", "Clear Poison")
CMD(0x4303, get_scan_media_capabilities,   media_range_in, 0x10, 0,       get_scan_media_capabilities_out, 0, 0,                         ON_SECONDARY | NEEDS_MEDIA, CAN(INVALID_INPUT) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.4.4", "Get Scan Media Capabilities")
CMD(0x4304, scan_media,                    scan_media_in, 0x11, 0,        none, 0,                            EFF_BACKGROUND | EFF_ABORT, NEEDS_MEDIA, CAN(INVALID_INPUT) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.4.5", "Scan Media")
CMD(0x4305, get_scan_media_results,        none, 0, 0,                    get_scan_media_results_out, 1,      0,                         ON_SECONDARY | NEEDS_MEDIA, CAN(UNSUPPORTED) | CAN(BUSY), "8.2.10.9.4.6", "Get Scan Media Results")
CMD(0x4400, sanitize,                      none, 0, 0,                    none, 0,                            EFF_IMM_DATA | EFF_SECURITY | EFF_BACKGROUND | EFF_ABORT, NEEDS_MEDIA | DISABLED_TOO, CAN(INVALID_SECURITY_STATE) | CAN(ABORTED), "8.2.10.9.5.1", "Sanitize")
CMD(0x4401, secure_erase,                  none, 0, 0,                    none, 0,                            EFF_IMM_DATA | EFF_SECURITY, NEEDS_MEDIA | NEEDS_UNLOCKED, 0, "8.2.10.9.5.2", "Secure Erase")
CMD(0x4402, media_operations,              media_operations_in, 8, TAIL,  none, 1,                            EFF_IMM_DATA | EFF_BACKGROUND, 0, CAN(SUCCESS) | CAN(INVALID_INPUT) | CAN(INVALID_PAYLOAD_LENGTH) | CAN(MEDIA_DISABLED) | CAN(RETRY_REQUIRED) | CAN(INTERNAL_ERROR) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.5.3", "Media Operations")
CMD(0x4500, get_security_state,            none, 0, 0,                    get_security_state_out, 0,          0,                         ON_SECONDARY, 0, "8.2.10.9.6.1", "Get Security State")
CMD(0x4501, set_passphrase,                set_passphrase_in, 0x60, 0,    none, 0,                            EFF_SECURITY,              NOT_FROZEN, CAN(INVALID_INPUT) | CAN(INCORRECT_PASSPHRASE) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.6.2", "Set Passphrase")
CMD(0x4502, disable_passphrase,            passphrase_in, 0x40, 0,        none, 0,                            EFF_SECURITY,              NOT_FROZEN, CAN(INVALID_INPUT) | CAN(INCORRECT_PASSPHRASE) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.6.3", "Disable Passphrase")
CMD(0x4503, unlock,                        unlock_in, 0x20, 0,            none, 0,                            EFF_SECURITY,              NOT_FROZEN | NOT_KEPT, CAN(INCORRECT_PASSPHRASE) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.6.4", "Unlock")
CMD(0x4504, freeze_security_state,         none, 0, 0,                    none, 0,                            EFF_SECURITY,              NOT_KEPT, 0, "8.2.10.9.6.5", "Freeze Security State")
CMD(0x4505, passphrase_secure_erase,       passphrase_in, 0x40, 0,        none, 0,                            EFF_IMM_DATA | EFF_SECURITY, NEEDS_MEDIA | NOT_FROZEN, CAN(INVALID_INPUT) | CAN(INCORRECT_PASSPHRASE) | CAN(INVALID_SECURITY_STATE), "8.2.10.9.6.6", "Passphrase Secure Erase")
CMD(0x4600, security_send,                 security_protocol_in, 8, TAIL, none, 0,                            EFF_SECURITY,              0, CAN(INVALID_INPUT), "8.2.10.9.7.1", "Security Send")
CMD(0x4601, security_receive,              security_protocol_in, 8, 0,    none, 1,                            0,                         ON_SECONDARY, CAN(INVALID_INPUT), "8.2.10.9.7.2", "Security Receive")
CMD(0x4700, get_sld_qos_control,           none, 0, 0,                    sld_qos_control, 0,                 0,                         ON_SECONDARY, 0, "8.2.10.9.8.1", "Get SLD QoS Control")
CMD(0x4701, set_sld_qos_control,           sld_qos_control, 4, 0,         none, 0,                            EFF_IMM_POLICY,            0, CAN(INVALID_INPUT), "8.2.10.9.8.2", "Set SLD QoS Control")
CMD(0x4702, get_sld_qos_status,            none, 0, 0,                    sld_qos_status, 0,                  0,                         ON_SECONDARY, 0, "8.2.10.9.8.3", "Get SLD QoS Status")
CMD(0x4800, get_dc_config,                 get_dc_config_in, 2, 0,        get_dc_config_out, 1,               0,                         ON_SECONDARY | NEEDS_DC, CAN(INVALID_INPUT), "8.2.10.9.9.1", "Get Dynamic Capacity Configuration")
CMD(0x4801, get_dc_extent_list,            get_dc_extent_list_in, 8, 0,   get_dc_extent_list_out, 1,          0,                         ON_SECONDARY | NEEDS_DC, CAN(INVALID_INPUT), "8.2.10.9.9.2", "Get Dynamic Capacity Extent List")
CMD(0x4802, add_dc_response,               dc_update_in, 8, TAIL,         none, 0,                            EFF_IMM_CONFIG,            NEEDS_DC, CAN(INVALID_INPUT) | CAN(INVALID_PAYLOAD_LENGTH) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_EXTENT_LIST) | CAN(RESOURCES_EXHAUSTED) | CAN(INTERNAL_ERROR), "8.2.10.9.9.3", "Add Dynamic Capacity Response")
CMD(0x4803, release_dc,                    dc_update_in, 8, TAIL,         none, 0,                            EFF_IMM_CONFIG,            NEEDS_DC, CAN(INVALID_INPUT) | CAN(INVALID_PAYLOAD_LENGTH) | CAN(INVALID_PHYSICAL_ADDRESS) | CAN(INVALID_EXTENT_LIST) | CAN(RESOURCES_EXHAUSTED) | CAN(INTERNAL_ERROR), "8.2.10.9.9.4", "Release Dynamic Capacity")
/* clang-format on */
#undef CMD
#undef CAN
