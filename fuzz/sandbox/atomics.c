/* SPDX-License-Identifier: MIT */
/*
 * What gcc's -fsanitize=thread makes of atomic accesses, which C++ has in each function that has a static
 * of its own: the access, and a hook before it. One thread walks, so every order is the strongest.
 */
#include <stdint.h>

#define HOOK(name) void __tsan_##name(const void *address)
HOOK(read1);
HOOK(read2);
HOOK(read4);
HOOK(read8);
HOOK(write1);
HOOK(write2);
HOOK(write4);
HOOK(write8);

#define LOOKS(bytes, at)  __tsan_read##bytes((const void *)(uintptr_t)(at))
#define STORES(bytes, at) __tsan_write##bytes((const void *)(uintptr_t)(at))

/* OF(BITS, BYTES, NAME, BUILTIN): one that gives back what was there. */
#define OF(bits, bytes, name, builtin)                                                             \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *at,                   \
						    uint##bits##_t value, int order);              \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *at,                   \
						    uint##bits##_t value, int order)               \
	{                                                                                          \
		(void)order;                                                                       \
		LOOKS(bytes, at);                                                                  \
		STORES(bytes, at);                                                                 \
		return builtin(at, value, __ATOMIC_SEQ_CST);                                       \
	}

#define EXCHANGES(bits, bytes, name)                                                               \
	int __tsan_atomic##bits##_compare_exchange_##name(                                         \
		volatile uint##bits##_t *at, uint##bits##_t *expected, uint##bits##_t value,       \
		int order, int failed);                                                            \
	int __tsan_atomic##bits##_compare_exchange_##name(                                         \
		volatile uint##bits##_t *at, uint##bits##_t *expected, uint##bits##_t value,       \
		int order, int failed)                                                             \
	{                                                                                          \
		(void)order, (void)failed;                                                         \
		LOOKS(bytes, at);                                                                  \
		STORES(bytes, at);                                                                 \
		return __atomic_compare_exchange_n(at, expected, value, 0, __ATOMIC_SEQ_CST,       \
						   __ATOMIC_SEQ_CST);                              \
	}

#define ATOMICS(bits, bytes)                                                                       \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order);   \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order)    \
	{                                                                                          \
		(void)order;                                                                       \
		LOOKS(bytes, at);                                                                  \
		return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                      \
	}                                                                                          \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t value,        \
					 int order);                                               \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t value,        \
					 int order)                                                \
	{                                                                                          \
		(void)order;                                                                       \
		STORES(bytes, at);                                                                 \
		__atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                     \
	}                                                                                          \
	OF(bits, bytes, exchange, __atomic_exchange_n)                                             \
	OF(bits, bytes, fetch_add, __atomic_fetch_add)                                             \
	OF(bits, bytes, fetch_sub, __atomic_fetch_sub)                                             \
	OF(bits, bytes, fetch_and, __atomic_fetch_and)                                             \
	OF(bits, bytes, fetch_or, __atomic_fetch_or)                                               \
	OF(bits, bytes, fetch_xor, __atomic_fetch_xor)                                             \
	OF(bits, bytes, fetch_nand, __atomic_fetch_nand)                                           \
	EXCHANGES(bits, bytes, strong)                                                             \
	EXCHANGES(bits, bytes, weak)

ATOMICS(8, 1)
ATOMICS(16, 2)
ATOMICS(32, 4)
/* With 32 bits these are a library's (libatomic), and gcc has no -fsanitize=thread there. */
#if __SIZEOF_POINTER__ == 8
ATOMICS(64, 8)
#endif

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* A table of virtual functions is looked up, or set. */
void __tsan_vptr_read(void **table);
void __tsan_vptr_read(void **table)
{
	__tsan_read8(table);
}

void __tsan_vptr_update(void **table, void *value);
void __tsan_vptr_update(void **table, void *value)
{
	(void)value;
	__tsan_write8(table);
}
