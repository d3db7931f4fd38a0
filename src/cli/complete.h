/* SPDX-License-Identifier: MIT */
#ifndef SWCXL_CLI_COMPLETE_H
#define SWCXL_CLI_COMPLETE_H

/* Prints what could stand in the place of the last of these words. Changes words. */
void complete(int count, char **words);

#endif
