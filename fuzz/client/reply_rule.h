/* SPDX-License-Identifier: MIT */
/* By whose rules a reply is cut to what a caller has room for. */
#ifndef FUZZ_CLIENT_REPLY_RULE_H
#define FUZZ_CLIENT_REPLY_RULE_H

#include <stdbool.h>

/*
 * How a reply is cut to the caller's argsz. One that a producer of the rule could have written is
 * told by its model (reply_model.h) where argsz is too small; others, which none would write, come as near
 * to that as their bytes go:
 * REPLY_KERNEL: vfio-pci and type1. Too small: the fixed struct, with the argsz to ask with,
 *	cap_offset 0 and flags as they are. Else all, the argsz the caller's, unless the file names
 *	one of its own.
 * REPLY_IOMMUFD: iommufd as a container; devices and regions are vfio-pci's. argsz is always the
 *	whole length; too small: what fits, cap_offset 0.
 * REPLY_VFIO_USER: libvfio-user. Too small: the CAPS flag clear, and zeros up to the caller's
 *	argsz.
 * REPLY_RUST_VMM: rust-vmm's vfio-user server. Too small: the fixed struct, whose flags and cap_offset claim what
 *	the message does not have.
 * REPLY_RAW: the file's bytes, cut.
 */
enum reply_rule {
	REPLY_KERNEL,
	REPLY_IOMMUFD,
	REPLY_VFIO_USER,
	REPLY_RUST_VMM,
	REPLY_RAW,
	REPLY_RULES
};

/* "kernel" and so on; and back: false where it is none. */
const char *reply_rule_name(enum reply_rule rule);
bool reply_rule_parse(const char *name, enum reply_rule *ret_rule);

#endif
