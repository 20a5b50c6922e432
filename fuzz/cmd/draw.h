/* SPDX-License-Identifier: MIT */
/*
 * Pictures of one input, as SVG: what `explain --svg` writes and what pages are made of. Each is one
 * `<svg>` element on one line, without a script or a link. Its parts have classes, and draw_style says
 * what they look like on light and dark paper; nothing else here names a colour.
 */
#ifndef FUZZ_CMD_DRAW_H
#define FUZZ_CMD_DRAW_H

#include <stdio.h>

#include "../judge/judge.h"

struct fetch_trial;

/* Rules of a style sheet, once for all pictures of a page. */
extern const char draw_style[];

/* A picture as text, freed by its owner, and its size in units of the style's text. */
struct picture {
	char *svg;
	unsigned int width;
	unsigned int height;
};

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
 * What pictures share: all are in units of a line 12 high, of characters 6 wide. picture_begin() opens a
 * stream to memory, picture_end() closes it and has what became of it; without memory the process ends.
 */
#define DRAW_LINE  12
#define DRAW_WIDTH 366
#define DRAW_SVG                                                                                   \
	"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pic %s\" width=\"%u\" height=\"%u\" "
FILE *picture_begin(char **svg, size_t *size);
struct picture picture_end(FILE *out, char **svg, unsigned int width, unsigned int height);

/* One line of text at @x and @y, of @class where that is not "". */
void picture_line(FILE *out, unsigned int x, unsigned int y, const char *class, const char *words);

/* Writes @text with what XML would read as its own made harmless. */
void draw_text(FILE *out, const char *text);

/*
 * All of @judge's pictures: *@ret_main of the buffer, none (.svg NULL) of a conversation; one of each
 * reader in ret_readers[0 .. judge->count), .svg NULL where it has none.
 */
void draw_all(struct judge *judge, struct picture *ret_main, struct picture ret_readers[]);

/* Prints a document that has all of them, each reader's below its name and verdict. */
void draw_document(struct judge *judge);

#endif
