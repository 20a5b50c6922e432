/* SPDX-License-Identifier: MIT */
/* capchain list classes: each class in a sentence. fuzz/RULES.md defines them, and has examples. */
#include <stdio.h>
#include <string.h>

#include "../judge/judge.h"
#include "cmd.h"

static const char *const buffers[BUFFER_CLASSES] = {
	[CLASS_PLAIN] = "The chain can be read, or there is none, and every reader has to agree.",
	[CLASS_ODD] = "An odd note holds: the UAPI is silent, and more than one answer is right.",
	[CLASS_TRUNCATED] = "The reply did not fit: ask again with as many bytes as argsz says.",
	[CLASS_MALFORMED] = "A rule rejects the buffer, and no reader may answer from it.",
};

static const char *const disagreements[DISAGREEMENTS] = {
	[WRONG_CAPS] = "The parser delivers other capabilities than the chain has.",
	[WRONG_PAYLOAD] =
		"The parser delivers the right capabilities and decodes one of them wrongly.",
	[REJECTS_VALID] = "The parser refuses a buffer that can be read.",
	[ACCEPTS_MALFORMED] = "The parser answers from a buffer that cannot be read.",
	[ABSENT_FOR_UNREADABLE] = "The parser takes a chain that it cannot read for no chain.",
	[FAULT] = "The parser loads or stores outside its memory, never ends, or crashes.",
	[WRONG_REFUSAL] =
		"A hardened parser refuses rightly, and names another rule or another need.",
};

static void each_class(void (*say)(const char *of, const char *name, const char *words))
{
	for (enum buffer_class one = 0; one < BUFFER_CLASSES; one++)
		say("buffer", buffer_class_name(one), buffers[one]);
	for (enum disagreement one = WRONG_CAPS; one < DISAGREEMENTS; one++)
		say("disagreement", disagreement_name(one), disagreements[one]);
	say("disagreement", "unstable",
	    "The parser answers otherwise on a copy of which it has to say the same.");
	say("disagreement", "conversation", "The fetch loop breaks a rule of asking for a reply.");
	say("disagreement", "model-differs",
	    "A program's own reader does what its model here does not.");
}

static void print_class(const char *of, const char *name, const char *words)
{
	static const char *last = "";

	if (strcmp(of, last))
		printf("classes of a %s\n", of);
	last = of;
	printf("  %-22s %s\n", name, words);
}

static void json_class(const char *of, const char *name, const char *words)
{
	put_json(json_pack("{s:s,s:s,s:s}", "class", name, "of", of, "words", words));
}

void classes_say(bool json)
{
	each_class(json ? json_class : print_class);
}
