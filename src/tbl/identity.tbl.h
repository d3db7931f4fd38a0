/* SPDX-License-Identifier: MIT */
/*
 * Whose state it is: a state fits a device that is alike in these, be it in a state file or as JSON.
 * IDENTITY(name, field): of the option, the row of the file and the member; of struct swcxl_config.
 * Rows only.
 */
/* clang-format off */
IDENTITY("volatile",       volatile_size)
IDENTITY("persistent",     persistent_size)
IDENTITY("partitionable",  partitionable_size)
IDENTITY("lsa",            lsa_size)
IDENTITY("dc-regions",     dc_regions)
IDENTITY("dc-region-size", dc_region_size)
/* clang-format on */
#undef IDENTITY
