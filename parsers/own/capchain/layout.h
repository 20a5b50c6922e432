/* SPDX-License-Identifier: MIT */
/* Lets an adapter say "capchain/layout.h" here, out of tree and where it is installed. */
#include "../../layout.h"
