/* SPDX-License-Identifier: MIT */
/*
 * Digests of what the tests of both mutators make: the same in every build. Set them anew whenever
 * operators change, or what they draw from: a capability or version more.
 */
#ifndef FUZZ_MUTATOR_DIGESTS_H
#define FUZZ_MUTATOR_DIGESTS_H

#define DIGEST_OF_BUFFERS	UINT64_C(0x86c1a13c13fd3089)
#define DIGEST_OF_CONVERSATIONS UINT64_C(0xfa04b438e23a5f3f)

#endif
