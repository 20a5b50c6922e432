/* SPDX-License-Identifier: MIT */
/* Lets an adapter say "capchain/parser.h" here, out of tree and where it is installed. */
#include "../../parser.h"
