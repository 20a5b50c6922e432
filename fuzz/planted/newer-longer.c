/* SPDX-License-Identifier: MIT */
/*
 * Reads another field of a version that it does not know, past the layout of the newest that it
 * does. No reader known has just this one; QEMU's s390 code does test `version >= 2`.
 */
#define PLANTED_ID	newer_longer
#define PLANTED_NAME	"planted-newer-longer"
#define PLANTED_SUMMARY "reads a field that it supposes in a newer version"
#define FIXED(layout, version)                                                                     \
	PLANT(layout_fixed(layout, version),                                                       \
	      layout_fixed(layout, version) + 4u * ((version) > (layout)->newest))
#include "walker.h"
