/* SPDX-License-Identifier: MIT */
/*
 * Refuses a chain with an id that it does not know. Real: iommufd's selftest, libvfio-user's sample
 * client.
 */
#define PLANTED_ID	   unknown_fatal
#define PLANTED_NAME	   "planted-unknown-fatal"
#define PLANTED_SUMMARY	   "an unknown id is an error"
#define REFUSED_ID(layout) PLANT(false, !(layout))
#include "../walker.h"
