/* SPDX-License-Identifier: MIT */
/*
 * Holds producer models to captured replies: from what one full reply of a series tells, and the
 * caller's buffer as it was, the model that claims the series has to write every reply of it, byte
 * for byte. The reply to learn from is the longest full one of the half that models were written
 * from; of a series that is set aside altogether, the longest full one. A series without a full reply is
 * learned from another that tells the same fixed fields and the same need.
 */
#ifndef FUZZ_PRODUCER_CONFORM_H
#define FUZZ_PRODUCER_CONFORM_H

#include <stdio.h>

#include "captured.h"
#include "producer.h"

/*
 * Replies of one producer and how many of them its model wrote: the half used, the half set aside.
 */
struct conform_figures {
	size_t captured[2];
	size_t reproduced[2];
};

/**
 * struct conform - what came of holding a table of models to a folder of replies
 * @figures: for each producer of the table
 * @learned_from: replies that their series was learned from; of them, only the laying out is tried
 * @unclaimed: replies that no producer claims, or more than one
 */
struct conform {
	struct conform_figures *figures;
	size_t learned_from;
	size_t unclaimed;
};

/*
 * Holds the models in @table, @count of them, to @nreplies replies, and says on @out what differs,
 * one line a reply: the first byte that does. @ret_conform->figures has room for @count. Returns
 * whether every reply was reproduced; false where there is none.
 */
bool conform(const struct producer *table, size_t count, const struct captured *replies,
	     size_t nreplies, FILE *out, struct conform *ret_conform);

#endif
