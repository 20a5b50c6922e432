/* SPDX-License-Identifier: MIT */
/*
 * The parser `monotonic`: a careful reader whose only guard against loops is that every offset is
 * above the one before, as two projects chose: Raven's OCaml stub (which ends the list there) and
 * rust-vmm's vfio-user client from its pull request 172 on (which refuses the reply, as this one
 * does). Not one program, but the policy; read, not measured.
 *
 * Everything else is as `bounded.h` has it. What it costs: a chain that goes back is legal.
 */
#include "../overlay.h"

/* Whether everything before @end is there; otherwise why not, @reason where it never will be. */
static bool is_there(uint64_t end, uint32_t len, uint32_t argsz, const char *reason,
		     struct info_answer *ret_answer)
{
	if (end <= len && end <= argsz)
		return true;
	*ret_answer = end <= argsz ? answer_truncated(argsz) : answer_reject(reason);
	return false;
}

/* The bytes of the capability at @at, which has a header, up to and with its elements. */
static bool payload_is_there(const void *info, uint32_t at, uint32_t len, enum info_kind kind,
			     struct info_answer *ret_answer)
{
	const uint32_t argsz = overlay_argsz(info);
	const struct layout_cap *const layout = layout_cap(kind, overlay_header(info, at)->id);
	const uint16_t version = overlay_header(info, at)->version;
	uint64_t end;

	if (!layout || !version)
		return true;
	end = (uint64_t)at + layout_fixed(layout, version);
	if (!layout->elements)
		return is_there(end, len, argsz, "payload-oob", ret_answer);
	if (!is_there((uint64_t)at + CAP_COUNT_AT + 4, len, argsz, "payload-oob", ret_answer))
		return false;
	end += (uint64_t)layout->elements *
	       *(const volatile uint32_t *)((const uint8_t *)info + at + CAP_COUNT_AT);
	return is_there(end, len, argsz, end > UINT32_MAX ? "count-overflow" : "payload-oob",
			ret_answer);
}

static void deliver(struct walk *walk, const void *info, uint32_t at, enum info_kind kind)
{
	struct info_cap cap = {.offset = at,
			       .id = overlay_header(info, at)->id,
			       .version = overlay_header(info, at)->version};

	if (cap.version)
		overlay_cap(info, at, kind, &cap);
	walk_deliver(walk, &cap);
}

static struct info_answer read_chain(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind, uint32_t at)
{
	const uint32_t argsz = overlay_argsz(info);
	const uint32_t bound = argsz < len ? argsz : len;
	struct info_answer why;
	uint32_t before = 0;

	for (; at; at = overlay_header(info, at)->next) {
		if (at < layout_infos[kind].end)
			return answer_reject("into-header");
		if (at <= before)
			return answer_reject("not-rising");
		if (!is_there((uint64_t)at + CAP_HEADER_SIZE, len, argsz,
			      at < bound ? "header-straddle"
			      : before	 ? "next-oob"
					 : "offset-oob",
			      &why) ||
		    !payload_is_there(info, at, len, kind, &why))
			return why;
		deliver(walk, info, at, kind);
		before = at;
	}
	return answer(VERDICT_OK);
}

static struct info_answer monotonic_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	const struct layout_info *const layout = &layout_infos[kind];
	struct info_answer none;
	uint32_t argsz, at;

	if (len < layout->minsz)
		return answer_reject("short-buffer");
	argsz = overlay_argsz(info);
	if (argsz < layout->minsz)
		return answer_reject("short-argsz");
	none = argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	if (!(overlay_flags(info) & layout->caps_flag))
		return none;
	if (layout->first.at + 4 > len)
		return argsz > len ? none : answer_reject("short-argsz");
	if (layout->first.at + 4 > argsz)
		return answer_reject("short-argsz");
	at = overlay_cap_offset(info, kind);
	return at ? read_chain(walk, info, len, kind, at) : none;
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser monotonic_parser = {
	.name = "monotonic",
	.summary = "checks everything, and refuses an offset that is not above the one before",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that order is nothing: that is its policy. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_ORDER,
	.reads = {READS_ALL, READS_ALL, READS_ALL},
	.read = monotonic_read,
};
