/* SPDX-License-Identifier: MIT */
/*
 * A list that comes back in two steps is not seen. Real: several readers hold a next against its
 * own header alone.
 */
#define PLANTED_ID	names_itself
#define PLANTED_NAME	"planted-names-itself"
#define PLANTED_SUMMARY "sees only a header that names itself"
#define IS_LOOP(s, at)	PLANT(WAS_HERE(s, at), (at) == (s)->from)
#include "space_walker.h"
