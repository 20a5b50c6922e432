/* SPDX-License-Identifier: MIT */
/*
 * Digests of what the tests of both mutators make: the same in every build. Set them anew whenever
 * operators change, or what they draw from: a capability or version more.
 */
#ifndef FUZZ_MUTATOR_DIGESTS_H
#define FUZZ_MUTATOR_DIGESTS_H

#define DIGEST_OF_BUFFERS	UINT64_C(0xe2ad75823ce2ea13)
#define DIGEST_OF_CONVERSATIONS UINT64_C(0xfa04b438e23a5f3f)

#endif
