/* SPDX-License-Identifier: MIT */
/*
 * Reads another field of a version that it does not know, past the layout of the newest that it
 * does. No reader known has just this one; QEMU's s390 code does test `version >= 2`.
 */
#define PLANTED_ID	newer_longer
#define PLANTED_NAME	"planted-newer-longer"
#define PLANTED_SUMMARY "reads a field that it supposes in a newer version"
#define FIXED(layout, version)                                                                     \
	PLANT((layout)->fixed[(version) < (layout)->newest ? (version) : (layout)->newest],        \
	      (layout)->fixed[(version) < (layout)->newest ? (version) : (layout)->newest] +       \
		      4 * ((version) > (layout)->newest))
#include "walker.h"
