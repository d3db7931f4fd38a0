/* SPDX-License-Identifier: MIT */
/*
 * From an address such as 0000:35:00.0 to mapped registers: the function's configuration space
 * (the `config` file) holds the Register Locator DVSEC, which names a BAR and an offset in it;
 * the BAR is the file `resourceN`.
 *
 * Linux refuses the mapping when a driver claims the first page of the BAR
 * (CONFIG_IO_STRICT_DEVMEM), and everything here under lockdown. Each refusal has a cure, and the
 * error says which.
 *
 * SWCXL_SYSFS replaces /sys: tests make a function out of plain files.
 */
#include "cli/sysfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/le.h"
#include "base/util.h"
#include "cli/link.h"
#include "cli/report.h"
#include "wire/registers.h"

#define CONFIG_SIZE 4096u
#define COMMAND 0x04 /* PCI 3.0 6.2.2 */
#define COMMAND_MEMORY 0x2u
#define EXTENDED_CAPABILITIES 0x100u
#define CAPABILITY_DVSEC 0x0023u
#define LOCATOR_ENTRIES 0x0cu
#define MAP_MAX (8 * MiB) /* two mailboxes of 1 MiB, with much room */

struct block {
	unsigned bar;
	uint64_t offset;
};

bool pci_normalise(const char *text, char bdf[static 16])
{
	unsigned domain = 0, bus, device, fn;
	int end = -1;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &fn, &end) < 4) {
		domain = 0;
		end = -1;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &fn, &end) < 3)
			return false;
	}
	if (end < 0 || text[end] || !isxdigit((unsigned char)text[0]) || device > 31 || fn > 7)
		return false;
	snprintf(bdf, 16, "%04x:%02x:%02x.%u", domain & 0xffff, bus & 0xff, device, fn);
	return true;
}

static void path_of(char path[static PATH_MAX], const char *bdf, const char *file)
{
	const char *root = getenv("SWCXL_SYSFS");

	snprintf(path, PATH_MAX, "%s/bus/pci/devices/%s/%s", root ? root : "/sys", bdf, file);
}

/* Opens a file of the function. */
static int open_file(const struct function *fn, const char *file, int flags)
{
	char path[PATH_MAX];
	int fd;

	path_of(path, fn->bdf, file);
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		die(NO_CONNECTION, "There is no %s. 'lspci -d ::0502' lists CXL memory devices",
		    path);
	if (errno == EACCES)
		die(NO_CONNECTION,
		    "No permission for %s: become root ('sudo swcxlctl --pci %s ...')", path,
		    fn->bdf);
	if (errno == EPERM)
		die(NO_CONNECTION,
		    "The kernel does not give %s away, not even to root: it is locked "
		    "down ('cat /sys/kernel/security/lockdown'; Secure Boot does that)",
		    path);
	die(NO_CONNECTION, "Cannot open %s: %s", path, strerror(errno));
}

static void read_config(const struct function *fn, uint8_t config[static CONFIG_SIZE])
{
	int fd = open_file(fn, "config", O_RDONLY);
	ssize_t n = pread(fd, config, CONFIG_SIZE, 0);

	close(fd);
	if (n <= 64)
		die(NO_CONNECTION,
		    "Only %zd bytes of the configuration space of %s are readable: "
		    "become root",
		    MAX(n, 0), fn->bdf);
	memset(config + n, 0, CONFIG_SIZE - (size_t)n);
	if (!(le_load(config + COMMAND, 2) & COMMAND_MEMORY))
		die(NO_CONNECTION,
		    "%s does not answer memory accesses because no driver has enabled "
		    "it: 'echo 1 > /sys/bus/pci/devices/%s/enable'",
		    fn->bdf, fn->bdf);
}

/* The offset of the Register Locator DVSEC, 0 when there is none. A broken list ends the walk. */
static unsigned find_locator(const uint8_t *config)
{
	unsigned offset = EXTENDED_CAPABILITIES;

	for (unsigned n = 0; n < CONFIG_SIZE / 8; n++) {
		uint32_t header = (uint32_t)le_load(config + offset, 4);

		if ((header & 0xffff) == CAPABILITY_DVSEC && offset <= CONFIG_SIZE - 12 &&
		    le_load(config + offset + 4, 2) == CXL_VENDOR_ID &&
		    le_load(config + offset + 8, 2) == DVSEC_REGISTER_LOCATOR)
			return offset;
		offset = header >> 20 & ~3u;
		if (offset < EXTENDED_CAPABILITIES)
			return 0;
	}
	return 0;
}

static bool find_block(const uint8_t *config, struct block *block)
{
	unsigned locator = find_locator(config);
	unsigned length = (unsigned)le_load(config + locator + 4, 4) >> 20;

	for (unsigned i = LOCATOR_ENTRIES; locator && i + 8 <= length; i += 8) {
		uint32_t low;

		if (locator + i + 8 > CONFIG_SIZE)
			return false;
		low = (uint32_t)le_load(config + locator + i, 4);
		if ((low >> 8 & 0xff) != BLOCK_DEVICE)
			continue;
		block->bar = low & 7;
		block->offset = (low & 0xffff0000u) | le_load(config + locator + i + 4, 4) << 32;
		return block->bar <= 5;
	}
	return false;
}

static void find_driver(struct function *fn)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	path_of(path, fn->bdf, "driver");
	n = readlink(path, target, sizeof(target) - 1);
	target[MAX(n, 0)] = '\0';
	name = strrchr(target, '/');
	snprintf(fn->driver, sizeof(fn->driver), "%.31s", name ? name + 1 : target);
}

static _Noreturn void die_unmappable(const struct function *fn, int error)
{
	if (error != EPERM && error != EINVAL)
		die(NO_CONNECTION, "Cannot map the registers of %s: %s", fn->bdf, strerror(error));
	if (!fn->driver[0])
		die(NO_CONNECTION,
		    "The kernel refuses to map the registers of %s: %s. If it is "
		    "locked down (Secure Boot), nothing but turning that off helps",
		    fn->bdf, strerror(error));
	die(NO_CONNECTION,
	    "The kernel refuses to map the registers of %s because the driver %s "
	    "claims them (CONFIG_IO_STRICT_DEVMEM). Boot with 'iomem=relaxed', or "
	    "unbind the driver: 'echo %s > /sys/bus/pci/drivers/%s/unbind'",
	    fn->bdf, fn->driver, fn->bdf, fn->driver);
}

void function_map(struct function *fn, const char *bdf)
{
	uint8_t config[CONFIG_SIZE];
	struct block block;
	char file[16];
	struct stat st;
	void *p;

	snprintf(fn->bdf, sizeof(fn->bdf), "%s", bdf);
	find_driver(fn);
	read_config(fn, config);
	if (!find_block(config, &block))
		die(NO_CONNECTION,
		    "%s has no CXL device registers: 'lspci -d ::0502' lists CXL "
		    "memory devices",
		    bdf);
	snprintf(file, sizeof(file), "resource%u", block.bar);
	fn->fd = open_file(fn, file, O_RDWR | O_SYNC);
	if (fstat(fn->fd, &st) < 0 || (uint64_t)st.st_size < block.offset + 0x1000)
		die(NO_CONNECTION,
		    "The BAR %u of %s ends before the CXL device registers that its "
		    "Register Locator promises",
		    block.bar, bdf);
	fn->length = (size_t)MIN((uint64_t)st.st_size - block.offset, MAP_MAX);
	p = mmap(NULL, fn->length, PROT_READ | PROT_WRITE, MAP_SHARED, fn->fd, (off_t)block.offset);
	if (p == MAP_FAILED)
		die_unmappable(fn, errno);
	fn->block = p;
}

void function_unmap(struct function *fn)
{
	munmap((void *)(uintptr_t)fn->block, fn->length);
	close(fn->fd);
}
