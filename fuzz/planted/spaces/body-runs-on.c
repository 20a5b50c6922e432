/* SPDX-License-Identifier: MIT */
/*
 * A capability at 0xfc goes on into the extended space. Real: lspci prints such a body from a
 * dump of 4096 bytes.
 */
#define PLANTED_ID	body_runs_on
#define PLANTED_NAME	"planted-body-runs-on"
#define PLANTED_SUMMARY "reads a body past the first 256 bytes"
#define READS		INFO_ROW([INFO_PCI] = READS_ALL)
#define PAYLOAD_SIZE(s) PLANT((s)->size, 4096)
#include "space_walker.h"
