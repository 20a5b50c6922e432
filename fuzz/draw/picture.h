/* SPDX-License-Identifier: MIT */
/* A picture as SVG: one `<svg>` element on one line, without a script or a link. */
#ifndef FUZZ_DRAW_PICTURE_H
#define FUZZ_DRAW_PICTURE_H

#include <stdio.h>

/* Rules of a style sheet, once for all pictures of a page. */
extern const char draw_style[];

/* A picture as text, freed by its owner, and its size in units of the style's text. */
struct picture {
	char *svg;
	unsigned int width;
	unsigned int height;
};

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

#endif
