/* SPDX-License-Identifier: MIT */
/* What a space is made of, and its limits. Members are for the files of this folder alone. */
#ifndef FUZZ_EXHAUST_EXHAUST_SPACE_H
#define FUZZ_EXHAUST_EXHAUST_SPACE_H

#include <stdint.h>

#include "../../parsers/parser.h"

/* More make a space that no run gets through. */
#define EXHAUST_CAPS_MAX 4

/* Bytes of the longest buffer. */
#define EXHAUST_LEN_MAX 512

/* Frames for one number of capabilities. */
#define EXHAUST_FRAMES_MAX 24

/* One place that varies: @count pictures of @size bytes at @at. */
struct place_of_choice {
	uint32_t at;
	uint32_t size;
	uint64_t count;
	uint8_t *pictures;
};

/* One frame with so many slots: the head, the slots, and the numbers it has. */
struct frame {
	uint64_t first;
	uint64_t count;
	uint32_t len;
	struct place_of_choice places[1 + EXHAUST_CAPS_MAX];
	unsigned int nplaces;
};

struct exhaust_space {
	enum info_kind kind;
	uint64_t count;
	size_t nframes;
	struct frame frames[EXHAUST_FRAMES_MAX * (EXHAUST_CAPS_MAX + 1)];
};

#endif
