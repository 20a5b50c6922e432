/* SPDX-License-Identifier: MIT */
/*
 * Takes a reply that was cut, and so shows no chain, for one without a chain. Real: SPDK's host,
 * which never asks again; qatlib, which takes 4 KiB to suffice.
 */
#define PLANTED_ID	cut_is_absent
#define PLANTED_NAME	"planted-cut-is-absent"
#define PLANTED_SUMMARY "does not ask again for a larger reply"
#define CUT(argsz, len) PLANT((argsz) > (len), 0)
#include "walker.h"
