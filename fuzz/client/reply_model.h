/* SPDX-License-Identifier: MIT */
/*
 * The short forms of a reply. Where its bytes are those of a full reply of one of the models in
 * fuzz/producer/, that model tells the short ones, byte for byte as the real producer does. A
 * hostile reply is no model's, and reply.c cuts it.
 */
#ifndef FUZZ_CLIENT_REPLY_MODEL_H
#define FUZZ_CLIENT_REPLY_MODEL_H

#include "../producer/reply_state.h"
#include "reply_rule.h"

/* What is told, and by whom. */
struct reply_model {
	const struct producer *producer;
	struct reply_state read;
};

/*
 * The telling of the @len bytes of a reply of @kind under @rule, whose payloads stay in @bytes;
 * NULL where none of its producers writes them: argsz and the end of the last capability are @len,
 * and each byte that it writes is the reply's. Freed with free(). The first of several is the
 * newest release.
 */
struct reply_model *reply_model_of(enum reply_rule rule, enum info_kind kind, const uint8_t *bytes,
				   size_t len);

/*
 * Answers a caller with @argsz, at most INFO_LEN_MAX, into @buffer, which holds what the caller has
 * there. Returns how many bytes it goes to, the last that is written included, or -EINVAL.
 */
int reply_model_answer(const struct reply_model *model, uint8_t *buffer, uint32_t argsz);

#endif
