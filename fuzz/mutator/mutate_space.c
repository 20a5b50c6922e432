/* SPDX-License-Identifier: MIT */
/*
 * Operators on configuration spaces: what a header's type says, headers of ones and of 0, reserved bits of a
 * link, and the last place of a space. Of other kinds they change nothing.
 */
#include "mutate_ops.h"

static bool is_space(const struct mutation *m)
{
	return m->chain.kind >= INFO_IOCTL_KINDS;
}

/* A type, and a first link for that of CardBus: of the list that there is, or none. */
static bool header(struct mutation *m)
{
	static const uint8_t types[] = {0, 1, 2, 2, 3, 0x7f, 0x82};

	if (m->chain.kind != INFO_PCI)
		return false;
	for (size_t i = 0; i < layout_of(m)->nfields; i++) {
		if (layout_of(m)->fields[i].at == INFO_AT_PCI_header_type)
			m->chain.info[i] = types[random_of(m, sizeof(types))];
		if (layout_of(m)->fields[i].at == INFO_AT_PCI_cardbus_first && m->chain.ncaps)
			m->chain.info[i] = m->chain.caps[random_of(m, m->chain.ncaps)].at & 0xff;
	}
	return true;
}

/* Bytes laid over a header: ones, zeros, or one with reserved bits in its next. */
static bool over(struct mutation *m)
{
	const uint32_t size = layout_of(m)->header;
	const uint32_t what = random_of(m, 3);
	struct chain_cap *cap;
	struct chain_raw *raw;

	if (!is_space(m) || !m->chain.ncaps)
		return false;
	cap = &m->chain.caps[random_of(m, m->chain.ncaps)];
	raw = chain_add_raw(&m->chain, cap->at, size);
	if (!raw)
		return false;
	for (uint32_t i = 0; i < size && what < 2; i++)
		raw->bytes[i] = what ? 0xff : 0;
	if (what < 2)
		return true;
	layout_set(&layout_of(m)->id, raw->bytes, cap->id);
	layout_set(&layout_of(m)->version, raw->bytes, cap->version);
	layout_set(&layout_of(m)->next, raw->bytes, cap->next);
	raw->bytes[m->chain.kind == INFO_PCI ? 1 : 2] |=
		(uint8_t)((1 + random_of(m, 3)) << (m->chain.kind == INFO_PCI ? 0 : 4));
	return true;
}

/* A capability in the last dwords of the space, whose links come along. */
static bool last(struct mutation *m)
{
	const uint32_t size = m->chain.kind == INFO_PCI ? 256 : 4096;
	const uint32_t at = size - 4 * (1 + random_of(m, 4));
	struct chain_cap *cap;

	if (!is_space(m) || !m->chain.ncaps || m->max < size)
		return false;
	cap = &m->chain.caps[random_of(m, m->chain.ncaps)];
	mutate_move_links(m, cap->at, at);
	cap->at = at;
	mutate_set_len(m, size);
	return true;
}

const struct mutate_op mutate_space_ops[] = {
	{"space-header", header, 3},
	{"space-over", over, 3},
	{"space-last", last, 3},
};
const size_t mutate_space_op_count = sizeof(mutate_space_ops) / sizeof(mutate_space_ops[0]);
