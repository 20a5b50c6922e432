/* SPDX-License-Identifier: MIT */
/* What pictures share: their style, and text in them. */
#include <stdlib.h>
#include <string.h>

#include "../status.h"
#include "picture.h"

/* Each picture of the two themes has the same classes. */
#define LIGHT                                                                                      \
	".pic{--ink:#1b1b1b;--soft:#5c5c5c;--line:#8a8a8a;--bad:#b3261e;--bad-box:#fbe4e2;"        \
	"--struct:#ececec;--past:#fff;--gap:#fff;--cap-0:#d3e5f8;--cap-1:#f8e6c0;--cap-2:#d4ecd5;" \
	"--cap-3:#e9daf3;--cap-4:#d0eeeb;--cap-5:#e6e1d2}"
#define DARK                                                                                       \
	".pic{--ink:#e8e8e8;--soft:#b0b0b0;--line:#8a8a8a;--bad:#ff9d94;--bad-box:#4a1d1a;"        \
	"--struct:#2c2e31;--past:#17191b;--gap:#17191b;--cap-0:#1c3a58;--cap-1:#4b3b14;--cap-2:"   \
	"#1f4426;--cap-3:#402c52;--cap-4:#144644;--cap-5:#403c2d}"
const char draw_style[] = LIGHT
	"@media screen and (prefers-color-scheme:dark){" DARK "}"
	".pic text{font:10px ui-monospace,\"DejaVu Sans Mono\",monospace;fill:var(--ink)}"
	".pic .at,.pic .note{fill:var(--soft)}.pic .title{font-weight:bold}"
	".pic .red{fill:var(--bad)}.pic rect{stroke:var(--line);stroke-width:.6}"
	".pic .paper{fill:var(--gap);stroke:none}.pic .of-struct{fill:var(--struct)}.pic .of-nobody{fill:var(--gap)}"
	".pic .of-past{fill:var(--past);stroke-dasharray:3 2}"
	".pic .of-refused,.pic .nowhere{fill:var(--bad-box);stroke:var(--bad)}"
	".pic .of-0{fill:var(--cap-0)}.pic .of-1{fill:var(--cap-1)}.pic .of-2{fill:var(--cap-2)}"
	".pic .of-3{fill:var(--cap-3)}.pic .of-4{fill:var(--cap-4)}.pic .of-5{fill:var(--cap-5)}"
	".pic .link{fill:none;stroke:var(--soft);stroke-width:1.2}"
	".pic .link.bad{stroke:var(--bad);stroke-width:1.8}.pic .head{fill:var(--soft)}"
	".pic .head.bad{fill:var(--bad)}.pic .rung{stroke:var(--line)}"
	".pic .load{fill:none;stroke:var(--ink);stroke-width:2;vector-effect:non-scaling-stroke}"
	".pic .left{stroke:var(--bad);stroke-width:3;vector-effect:non-scaling-stroke}"
	".pic .edge{stroke:var(--line);stroke-dasharray:2 2;vector-effect:non-scaling-stroke}";

void draw_text(FILE *out, const char *text)
{
	for (; *text; text++)
		if (strchr("<>&\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
}

void picture_line(FILE *out, unsigned int x, unsigned int y, const char *class, const char *words)
{
	fprintf(out, "<text x=\"%u\" y=\"%u\"%s%s%s>", x, y, class[0] ? " class=\"" : "", class,
		class[0] ? "\"" : "");
	draw_text(out, words);
	fputs("</text>", out);
}

struct picture picture_end(FILE *out, char **svg, unsigned int width, unsigned int height)
{
	if (fclose(out) || !*svg) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	return (struct picture){*svg, width, height};
}

FILE *picture_begin(char **svg, size_t *size)
{
	FILE *const out = open_memstream(svg, size);

	if (!out) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	return out;
}
