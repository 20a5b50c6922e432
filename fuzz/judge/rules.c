/* SPDX-License-Identifier: MIT */
/* The names behind rules.h. */
#include "rules.h"

struct named {
	const char *name;
	const char *words;
};

static const struct named rules[RULE_COUNT] = {
#define RULE(rule, name, words) {name, words},
	RULES(RULE)
#undef RULE
};

static const struct named notes[NOTE_COUNT] = {
#define NOTE(note, name, words) {name, words},
	NOTES(NOTE)
#undef NOTE
};

const char *rule_name(enum rule rule)
{
	return rules[rule].name;
}

const char *rule_words(enum rule rule)
{
	return rules[rule].words;
}

const char *note_name(enum note note)
{
	return notes[note].name;
}

const char *note_words(enum note note)
{
	return notes[note].words;
}

const char *buffer_class_name(enum buffer_class class)
{
	static const char *const names[BUFFER_CLASSES] = {"plain", "odd", "truncated", "malformed"};

	return names[class];
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
