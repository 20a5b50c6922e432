/* SPDX-License-Identifier: MIT */
/* The one place of capchain's version. The two headers that others copy have versions of their own. */
#ifndef FUZZ_CMD_VERSION_H
#define FUZZ_CMD_VERSION_H

#define CAPCHAIN_VERSION "0.2.0-dev"

#endif
