/* SPDX-License-Identifier: MIT */
/* How a device's state lies in tables. Errors are in db->why. */
#ifndef SWCXL_STATE_TABLES_H
#define SWCXL_STATE_TABLES_H

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct db;
struct swcxl_config;
struct swcxl_dev;

/*
 * Opens a state file, brings its tables up to date, and holds the device's configuration against
 * what the file is of. A new file is of this device. any_serial: the serial number becomes the
 * file's, which otherwise has to be the configuration's. *fresh: there is no state in it yet.
 */
bool tables_open(struct db *db, const char *path, struct swcxl_config *config, bool any_serial,
		 bool *fresh);

/* Takes all of the state into a fresh device. */
bool tables_load(struct db *db, struct swcxl_dev *dev);

/* Writes a batch in one transaction: when it returns all is durable, or (false) nothing. */
bool tables_write(struct db *db, const struct batch *batch);

#endif
