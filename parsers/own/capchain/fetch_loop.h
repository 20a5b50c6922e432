/* SPDX-License-Identifier: MIT */
/* Lets an adapter say "capchain/fetch_loop.h" here, out of tree and where it is installed. */
#include "../../fetch_loop.h"
