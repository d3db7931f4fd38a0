/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: REG(offset, width, reset, writable, write 1 to clear). Rows only.
 * What depends on the configuration (BAR sizes, capacities, serial) is set by
 * core/config_space.c. Sections: PCIe base specification; CXL r3.2 8.1.
 */
/* clang-format off */
/* --- header --- */
REG(0x000, 2, 0x1e98, 0, 0)            /* vendor */
REG(0x002, 2, 0x5c31, 0, 0)            /* device */
REG(0x004, 2, 0x0000, 0x0546, 0)       /* command: memory, bus master, parity, SERR, INTx disable */
REG(0x006, 2, 0x0010, 0, 0xf900)       /* status: capability list */
REG(0x008, 1, 0x01, 0, 0)              /* revision */
REG(0x009, 3, 0x050210, 0, 0)          /* class: CXL memory device */
REG(0x00c, 1, 0x00, 0xff, 0)           /* cache line size */
REG(0x02c, 2, 0x1e98, 0, 0)            /* subsystem vendor */
REG(0x02e, 2, 0x0001, 0, 0)            /* subsystem */
REG(0x034, 1, 0x40, 0, 0)              /* first capability */
REG(0x03c, 1, 0x00, 0xff, 0)           /* interrupt line; there is no pin */
/* --- 0x40 MSI-X --- */
REG(0x040, 2, 0x5011, 0, 0)            /* next 0x50 */
REG(0x042, 2, 0x0007, 0xc000, 0)       /* 8 vectors; function mask, enable */
REG(0x044, 4, 0x00000004, 0, 0)        /* table: BAR 4 + 0 */
REG(0x048, 4, 0x00000804, 0, 0)        /* PBA: BAR 4 + 0x800 */
/* --- 0x50 power management --- */
REG(0x050, 2, 0x6001, 0, 0)            /* next 0x60 */
REG(0x052, 2, 0x0003, 0, 0)            /* version 3 */
REG(0x054, 2, 0x0008, 0x0003, 0)       /* no soft reset; power state */
/* --- 0x60 PCI Express endpoint, version 2 --- */
REG(0x060, 2, 0x0010, 0, 0)
REG(0x062, 2, 0x0002, 0, 0)
REG(0x064, 4, 0x10008000, 0, 0)        /* device: role-based error reporting, FLR */
REG(0x068, 2, 0x2810, 0x7fff, 0)       /* device control; bit 15 starts an FLR (reads 0) */
REG(0x06a, 2, 0x0000, 0, 0x000f)       /* device status */
REG(0x06c, 4, 0x00000105, 0, 0)        /* link: 32 GT/s, x16 */
REG(0x070, 2, 0x0000, 0x01fb, 0)       /* link control */
REG(0x072, 2, 0x0105, 0, 0)            /* link status */
REG(0x084, 4, 0x00000010, 0, 0)        /* device 2: completion timeout disable */
REG(0x088, 2, 0x0000, 0x001f, 0)       /* device control 2 */
REG(0x08c, 4, 0x0000003e, 0, 0)        /* link 2: all speeds up to 32 GT/s */
REG(0x090, 2, 0x0005, 0x000f, 0)       /* link control 2: target speed */
/* --- 0x100 device serial number --- */
REG(0x100, 4, 0x11010003, 0, 0)
/* --- 0x110 DVSEC 0: PCIe DVSEC for CXL Devices, revision 3, 8.1.3 --- */
REG(0x110, 4, 0x15010023, 0, 0)
REG(0x114, 4, 0x03c31e98, 0, 0)
REG(0x118, 2, 0x0000, 0, 0)
REG(0x11a, 2, 0x489e, 0, 0)            /* IO, mem, HW init, one range, CXL reset with mem clear, viral */
REG(0x11c, 2, 0x0002, 0x4004, 0)       /* control: IO (always), mem enable, viral enable */
REG(0x11e, 2, 0x0000, 0, 0x4000)       /* status: viral */
REG(0x120, 2, 0x0000, 0x0008, 0)       /* control 2: mem clear enable; bit 2 resets (reads 0) */
REG(0x122, 2, 0x0000, 0, 0)            /* status 2: bit 1 reset complete */
REG(0x124, 2, 0x0000, 0x0001, 0)       /* lock */
REG(0x126, 2, 0x0080, 0, 0)            /* capability 2: no clean writeback, as there is no cache */
REG(0x128, 4, 0x00000000, 0, 0)        /* range 1 size high */
REG(0x12c, 4, 0x0000004b, 0, 0)        /* range 1 size low: valid, active, type and class by CDAT */
REG(0x130, 4, 0x00000000, 0xffffffff, 0) /* range 1 base */
REG(0x134, 4, 0x00000000, 0xf0000000, 0)
/* --- 0x150 DVSEC 8: register locator, 8.1.9 --- */
REG(0x150, 4, 0x17010023, 0, 0)
REG(0x154, 4, 0x01c01e98, 0, 0)
REG(0x158, 2, 0x0008, 0, 0)
REG(0x15c, 4, 0x00000100, 0, 0)        /* component registers: BAR 0 + 0 */
REG(0x160, 4, 0x00000000, 0, 0)
REG(0x164, 4, 0x00010302, 0, 0)        /* device registers: BAR 2 + 64 KiB */
REG(0x168, 4, 0x00000000, 0, 0)
/* --- 0x170 DVSEC 5: GPF for CXL Device, 8.1.7 --- */
REG(0x170, 4, 0x18010023, 0, 0)
REG(0x174, 4, 0x01001e98, 0, 0)
REG(0x178, 2, 0x0005, 0, 0)
REG(0x17a, 2, 0x0603, 0, 0)            /* phase 2 duration: 3 s */
REG(0x17c, 4, 0x00000033, 0, 0)        /* phase 2 power, mW */
/* --- 0x180 DVSEC 7: Flex Bus Port, revision 2, 8.2.1.3 --- */
REG(0x180, 4, 0x1a010023, 0, 0)
REG(0x184, 4, 0x02021e98, 0, 0)
REG(0x188, 2, 0x0007, 0, 0)
REG(0x18a, 2, 0x0026, 0, 0)            /* IO, mem, 68B flit and VH */
REG(0x18c, 2, 0x0002, 0x0024, 0)
REG(0x18e, 2, 0x0026, 0, 0)            /* negotiated: the same */
/* --- 0x1a0 data object exchange, PCIe 7.9.24; core/doe.c makes up status and read mailbox --- */
REG(0x1a0, 4, 0x2001002e, 0, 0)
REG(0x1a4, 4, 0x0000000d, 0, 0)        /* interrupt: vector 6 */
REG(0x1a8, 4, 0x00000000, 0x00000002, 0) /* control: interrupt enable; abort, go (read 0) */
REG(0x1ac, 4, 0x00000000, 0, 0x00000002) /* status: interrupt */
REG(0x1b0, 4, 0x00000000, 0, 0)        /* write data mailbox */
REG(0x1b4, 4, 0x00000000, 0, 0)        /* read data mailbox */
/* --- 0x200 advanced error reporting, version 2, PCIe 7.8.4 --- */
REG(0x200, 4, 0x00020001, 0, 0)        /* the last one */
REG(0x204, 4, 0x00000000, 0, 0x0057f010) /* uncorrectable status */
REG(0x208, 4, 0x00400000, 0x0057f010, 0) /* mask: internal error */
REG(0x20c, 4, 0x00462010, 0x0057f010, 0) /* severity */
REG(0x210, 4, 0x00000000, 0, 0x0000f1c1) /* correctable status */
REG(0x214, 4, 0x0000e000, 0x0000f1c1, 0) /* mask: advisory, internal error, header log overflow */
REG(0x218, 4, 0x00000000, 0, 0)        /* control: first error pointer */
REG(0x21c, 8, 0x0000000000000000, 0, 0) /* header log */
REG(0x224, 8, 0x0000000000000000, 0, 0)
/* clang-format on */
#undef REG
