/* SPDX-License-Identifier: MIT */
/*
 * Reads a full reply of a real producer back into what that producer had to tell, so that a model
 * can be asked to say it again. It takes well-formed replies alone, of capabilities that layout.h
 * knows, and knows nothing of how any producer lays a chain out.
 */
#ifndef FUZZ_PRODUCER_REPLY_STATE_H
#define FUZZ_PRODUCER_REPLY_STATE_H

#include "producer.h"

#define REPLY_STATE_CAPS_MAX 16

/* What was told; payloads point into the reply. */
struct reply_state {
	struct producer_state state;
	struct producer_cap caps[REPLY_STATE_CAPS_MAX];
};

/*
 * Fills @ret_read from the @len bytes of a reply. Returns NULL, or what is wrong with it as one
 * line. A reply whose capabilities did not fit is "not a full reply": of it only the fixed fields
 * are read.
 */
const char *reply_state_read(enum info_kind kind, const uint8_t *reply, uint32_t len,
			     struct reply_state *ret_read);

#endif
