/* SPDX-License-Identifier: MIT */
/*
 * Pictures of one input, as SVG: what `explain --svg` writes and what pages are made of. Each is one
 * `<svg>` element on one line, without a script or a link. Its parts have classes, and draw_style says
 * what they look like on light and dark paper; nothing else here names a colour.
 */
#ifndef FUZZ_DRAW_DRAW_H
#define FUZZ_DRAW_DRAW_H

#include "../judge/judge.h"
#include "picture.h"

struct fetch_trial;

/*
 * The buffer that @judge holds: its bytes in boxes by owner, in the order of their offsets, with an
 * arrow for each link. The link that the reference refuses, and where it leads, are red.
 */
struct picture draw_buffer(const struct judge *judge);

/* The name of the capability that the reference could not take whole, where it is known; or NULL. */
const char *draw_unread(const struct judge *judge);

/*
 * How reader @i loaded the buffer: offsets to the right, one line a run of loads, in order, and in red
 * where it left.
 */
struct picture draw_loads(const struct judge *judge, size_t i, const struct sandbox_trace *trace);

/* The calls of a fetch loop and what they were answered, as a ladder. */
struct picture draw_ladder(const struct fetch_trial *trial);

/*
 * All of @judge's pictures: *@ret_main of the buffer, none (.svg NULL) of a conversation; one of each
 * reader in ret_readers[0 .. judge->count), .svg NULL where it has none.
 */
void draw_all(struct judge *judge, struct picture *ret_main, struct picture ret_readers[]);

#endif
