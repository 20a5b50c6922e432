/* SPDX-License-Identifier: MIT */
/* The rules of the protocol that a server's messages are held to, for client.c and sweep.c. */
#ifndef FUZZ_VFIO_USER_VU_RULES_H
#define FUZZ_VFIO_USER_VU_RULES_H

/* RULE(symbol, name, what a server has to keep) */
#define VU_RULES(RULE)                                                                             \
	RULE(GONE, "gone", "the server answers, and ends no connection")                           \
	RULE(VERSION, "version", "its version is 0 and some minor, with JSON that ends in a NUL")  \
	RULE(TYPE, "reply-type", "what answers a command is a reply")                              \
	RULE(ID, "reply-id", "a reply has the id of its command")                                  \
	RULE(COMMAND, "reply-command", "a reply is of the command that was sent")                  \
	RULE(SIZE, "reply-size", "a reply without an error has its command's struct")              \
	RULE(ERROR, "error-number", "a reply that says that it is an error has its number")        \
	RULE(LONG, "reply-long",                                                                   \
	     "an INFO reply is no longer than the argsz that it was asked "                        \
	     "with")                                                                               \
	RULE(CARRIED, "carried",                                                                   \
	     "a message has all of what its argsz and cap_offset say, where argsz had room")       \
	RULE(INDEX, "index", "a reply about a region or an interrupt says which was asked for")    \
	RULE(FD_UNASKED, "fd-unasked",                                                             \
	     "descriptors come with regions that may be mapped, and with nothing else")            \
	RULE(FD_MANY, "fd-many", "a region has one descriptor")                                    \
	RULE(FD_MISSING, "fd-missing", "a region that may be mapped has a descriptor")             \
	RULE(FD_SHORT, "fd-short", "its file goes to the end of what may be mapped")               \
	RULE(REGION_PAST, "region-past", "a region that is not there is refused")                  \
	RULE(IO_FDS, "io-fds", "a reply about descriptors of a region holds as many as it counts") \
	RULE(IRQ_INFO, "irq-info", "each interrupt below num_irqs is told of, and no other")       \
	RULE(READ, "region-read", "a read gives back what it was asked for, and as many bytes")    \
	RULE(READ_PAST, "read-past", "a read past the end of a region is refused")                 \
	RULE(SHORT_COMMAND, "short-command",                                                       \
	     "a command that is too short for its struct is "                                      \
	     "refused")                                                                            \
	RULE(UNKNOWN, "unknown-command", "a command that there is not is refused")                 \
	RULE(RESET, "reset", "a device that says so can be reset")

enum vu_rule {
#define RULE(symbol, name, words) VU_RULE_##symbol,
	VU_RULES(RULE)
#undef RULE
		VU_RULE_COUNT
};

#endif
