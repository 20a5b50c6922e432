/* SPDX-License-Identifier: MIT */
/*
 * What the restated loops share: unchecked words of their own memory, as the programs have them,
 * volatile so that no compiler drops or joins a load that decides a verdict.
 */
#ifndef FUZZ_FETCH_LOOPS_H
#define FUZZ_FETCH_LOOPS_H

#include <errno.h>

#include "../../../parsers/fetch_loop.h"
#include "../../../parsers/overlay.h"

#define KIND_BIT(kind) (UINT32_C(1) << (kind))

/* sizeof the INFO structs in the headers that today's programs are built with. */
#define DEVICE_INFO 24
#define REGION_INFO 32
#define IOMMU_INFO  24

/* A region that programs ask for. */
#define REGION_INDEX 2

static inline void loop_store(uint8_t *info, uint32_t at, uint32_t value)
{
	*(volatile uint32_t *)(info + at) = value;
}

/* The question: argsz, and of a region its index. */
static inline void loop_question(uint8_t *info, enum info_kind kind, uint32_t argsz)
{
	loop_store(info, 0, argsz);
	if (kind == INFO_REGION)
		loop_store(info, INFO_AT_REGION_index, REGION_INDEX);
}

/* Puts the question and asks. */
static inline int loop_ask(struct fetch *fetch, uint8_t *info, enum info_kind kind, uint32_t argsz)
{
	loop_question(info, kind, argsz);
	return fetch_ask(fetch, info);
}

/* What an error path does that forgets nothing. */
static inline struct info_answer loop_give_up(struct fetch *fetch, uint8_t *info,
					      const char *reason)
{
	fetch_free(fetch, info);
	return answer_reject(reason);
}

static inline uint32_t loop_caps_flag(enum info_kind kind)
{
	return kind == INFO_DEVICE   ? FLAG_DEVICE_CAPS
	       : kind == INFO_REGION ? FLAG_REGION_CAPS
				     : FLAG_IOMMU_CAPS;
}

static inline bool loop_has_caps(const uint8_t *info, enum info_kind kind)
{
	return overlay_flags(info) & loop_caps_flag(kind);
}

#endif
