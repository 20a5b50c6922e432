/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's chain helpers need around them, so that they build here as they are: helper.py
 * puts this before what it cuts out of Debian's kernel source.
 */
#ifndef SCRIPTS_VM_HELPER_H
#define SCRIPTS_VM_HELPER_H

#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define GFP_KERNEL	      0
#define ERR_PTR(error)	      ((void *)(intptr_t)(error))
#define ALIGN(size, to)	      ((((size) + (to)) - 1) / (to) * (to))
#define IS_ALIGNED(value, to) ((value) % (to) == 0)
#define WARN_ON(what)	      ((void)(what))

/* The new capability's memory was made beforehand, where caps->size says. */
static inline void *krealloc(void *buf, size_t size, int flags)
{
	(void)size;
	(void)flags;
	return buf;
}

static inline void kfree(const void *buf)
{
	(void)buf;
}

#endif
