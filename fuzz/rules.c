/* SPDX-License-Identifier: MIT */
/* The names behind rules.h. */
#include "rules.h"

const char *rule_name(enum rule rule)
{
	static const char *const names[RULE_COUNT] = {
#define RULE(rule, name, words) name,
		RULES(RULE)
#undef RULE
	};

	return names[rule];
}

const char *note_name(enum note note)
{
	static const char *const names[NOTE_COUNT] = {
#define NOTE(note, name, words) name,
		NOTES(NOTE)
#undef NOTE
	};

	return names[note];
}

const char *buffer_class_name(enum buffer_class class)
{
	static const char *const names[BUFFER_CLASSES] = {"plain", "odd", "truncated", "malformed"};

	return names[class];
}

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

const char *rule_words(enum rule rule)
{
	static const char *const words_of[RULE_COUNT] = {
#define RULE(rule, name, words) words,
		RULES(RULE)
#undef RULE
	};

	return words_of[rule];
}

const char *note_words(enum note note)
{
	static const char *const words_of[NOTE_COUNT] = {
#define NOTE(note, name, words) words,
		NOTES(NOTE)
#undef NOTE
	};

	return words_of[note];
}

const char *relation_name(enum relation relation)
{
	static const char *const names[RELATIONS] = {"",
#define RELATION(relation, name, words) name,
						     RELATION_LIST(RELATION)
#undef RELATION
	};

	return names[relation];
}

const char *relation_words(enum relation relation)
{
	static const char *const words_of[RELATIONS] = {"",
#define RELATION(relation, name, words) words,
							RELATION_LIST(RELATION)
#undef RELATION
	};

	return words_of[relation];
}
