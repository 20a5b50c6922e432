/* SPDX-License-Identifier: MIT */
#include "result.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICTS] = {
		[VERDICT_OK] = "ok",
		[VERDICT_ABSENT] = "absent",
		[VERDICT_TRUNCATED] = "truncated",
		[VERDICT_REJECT] = "reject",
		[VERDICT_ABSTAIN] = "abstain",
		[VERDICT_OOB] = "oob",
		[VERDICT_STALE] = "stale",
		[VERDICT_RUNAWAY] = "runaway",
		[VERDICT_WROTE] = "wrote",
		[VERDICT_CRASH] = "crash",
	};

	return names[verdict];
}
