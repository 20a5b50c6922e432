/* SPDX-License-Identifier: MIT */
/*
 * What is done on a share of all buffers is done on those that a hash of their bytes chooses: the
 * same ones on every run and in every build.
 */
#ifndef FUZZ_JUDGE_SHARE_H
#define FUZZ_JUDGE_SHARE_H

#include <stddef.h>
#include <string.h>

#include "../../parsers/parser.h"

/*
 * Runs on every buffer of a fuzz target, so each word is multiplied by a constant of its own, none
 * waits for the one before it, and the sum is mixed once.
 */
static inline uint64_t share_hash(const uint8_t *info, size_t len)
{
	uint64_t factor = INFO_HASH_START, sum = len, word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, info + i, sizeof(word));
		sum += (word ^ word >> 32) * factor;
		factor += UINT64_C(0x9e3779b97f4a7c16);
	}
	/* No memcpy(): of a length that only the run knows it is a call, as dear as all of this. */
	for (word = 0; i < len; i++)
		word = word << 8 | info[i];
	return info_hash(info_hash(INFO_HASH_START, sum), word);
}

#endif
