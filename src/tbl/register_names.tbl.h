/* SPDX-License-Identifier: MIT */
/*
 * Names of the registers that a host writes, for people: REGISTER(block, offset, width, "name").
 * Those of an HDM decoder, once for each: DECODER(offset, width, "name"). Rows only. Which there
 * are, and what can be written of them, is in config_space.tbl.h and component.tbl.h; a test holds
 * each that can be written to have a name here.
 */
#ifndef REGISTER
#define REGISTER(...)
#endif
#ifndef DECODER
#define DECODER(...)
#endif
/* clang-format off */
REGISTER(CONFIG, 0x004, 2, "command")
REGISTER(CONFIG, 0x006, 2, "status")
REGISTER(CONFIG, 0x00c, 1, "cache-line-size")
REGISTER(CONFIG, 0x010, 4, "bar0")
REGISTER(CONFIG, 0x014, 4, "bar0-high")
REGISTER(CONFIG, 0x018, 4, "bar2")
REGISTER(CONFIG, 0x01c, 4, "bar2-high")
REGISTER(CONFIG, 0x020, 4, "bar4")
REGISTER(CONFIG, 0x024, 4, "bar5")
REGISTER(CONFIG, 0x030, 4, "expansion-rom")
REGISTER(CONFIG, 0x03c, 1, "interrupt-line")
REGISTER(CONFIG, 0x042, 2, "msix-control")
REGISTER(CONFIG, 0x054, 2, "power-control")
REGISTER(CONFIG, 0x068, 2, "device-control")
REGISTER(CONFIG, 0x06a, 2, "device-status")
REGISTER(CONFIG, 0x070, 2, "link-control")
REGISTER(CONFIG, 0x072, 2, "link-status")
REGISTER(CONFIG, 0x088, 2, "device-control-2")
REGISTER(CONFIG, 0x090, 2, "link-control-2")
REGISTER(CONFIG, 0x11c, 2, "cxl-control")
REGISTER(CONFIG, 0x11e, 2, "cxl-status")
REGISTER(CONFIG, 0x120, 2, "cxl-control-2")
REGISTER(CONFIG, 0x122, 2, "cxl-status-2")
REGISTER(CONFIG, 0x124, 2, "cxl-lock")
REGISTER(CONFIG, 0x130, 4, "range1-base-high")
REGISTER(CONFIG, 0x134, 4, "range1-base-low")
REGISTER(CONFIG, 0x18c, 2, "flex-bus-control")
REGISTER(CONFIG, 0x1a8, 4, "doe-control")
REGISTER(CONFIG, 0x1ac, 4, "doe-status")
REGISTER(CONFIG, 0x1b0, 4, "doe-write-mailbox")
REGISTER(CONFIG, 0x1b4, 4, "doe-read-mailbox")
REGISTER(CONFIG, 0x204, 4, "aer-uncorrectable-status")
REGISTER(CONFIG, 0x208, 4, "aer-uncorrectable-mask")
REGISTER(CONFIG, 0x20c, 4, "aer-uncorrectable-severity")
REGISTER(CONFIG, 0x210, 4, "aer-correctable-status")
REGISTER(CONFIG, 0x214, 4, "aer-correctable-mask")
REGISTER(CONFIG, 0x218, 4, "aer-control")

REGISTER(COMPONENT, 0x1080, 4, "ras-uncorrectable-status")
REGISTER(COMPONENT, 0x1084, 4, "ras-uncorrectable-mask")
REGISTER(COMPONENT, 0x1088, 4, "ras-uncorrectable-severity")
REGISTER(COMPONENT, 0x108c, 4, "ras-correctable-status")
REGISTER(COMPONENT, 0x1090, 4, "ras-correctable-mask")
REGISTER(COMPONENT, 0x1094, 4, "ras-control")
REGISTER(COMPONENT, 0x1144, 4, "hdm-global-control")
DECODER(0x00, 4, "base-low")
DECODER(0x04, 4, "base-high")
DECODER(0x08, 4, "size-low")
DECODER(0x0c, 4, "size-high")
DECODER(0x10, 4, "control")
DECODER(0x14, 4, "skip-low")
DECODER(0x18, 4, "skip-high")
/* clang-format on */
#undef REGISTER
#undef DECODER
