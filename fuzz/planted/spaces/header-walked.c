/* SPDX-License-Identifier: MIT */
/*
 * Any link but 0 is followed. Real: lspci and libpci, which print what stands there.
 */
#define PLANTED_ID	header_walked
#define PLANTED_NAME	"planted-header-walked"
#define PLANTED_SUMMARY "follows a link into the header"
#define IS_BELOW(s, at) PLANT((at) < LEAST(s), 0)
#include "space_walker.h"
