/* SPDX-License-Identifier: MIT */
/* What the kernel's VFIO selftest uses and does not have in the files it is cut from. */
#include "real.h"

#define container_of(at, type, member) ((type *)((char *)(at)-offsetof(type, member)))
#define swap(a, b, type)                                                                           \
	do {                                                                                       \
		const type kept = (a);                                                             \
		(a) = (b);                                                                         \
		(b) = kept;                                                                        \
	} while (0)

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* A failed assertion ends the test: it refuses. */
#define KSFT_FAIL    1
#define fprintf(...) ((void)0)
#define exit(status) real_leave(answer_reject("assertion"))

struct iommu_iova_range {
	u64 start, last;
};

struct iommu {
	int container_fd, iommufd;
};

/* The other way of asking, which has no chain. */
#define iommufd_iova_ranges(iommu, count) ((void)(count), (struct iommu_iova_range *)NULL)

/* Moves the range at @at down to its place in a heap of @count. */
static void sink(struct iommu_iova_range *ranges, size_t at, size_t count,
		 int (*compare)(const void *a, const void *b))
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && compare(&ranges[child], &ranges[child + 1]) < 0)
			child++;
		if (compare(&ranges[at], &ranges[child]) >= 0)
			return;
		swap(ranges[at], ranges[child], struct iommu_iova_range);
	}
}

/* qsort() under load hooks. */
static void sort(struct iommu_iova_range *ranges, size_t count,
		 int (*compare)(const void *a, const void *b))
{
	for (size_t at = count / 2; at--;)
		sink(ranges, at, count, compare);
	while (count > 1) {
		count--;
		swap(ranges[0], ranges[count], struct iommu_iova_range);
		sink(ranges, 0, count, compare);
	}
}
#define qsort(ranges, count, size, compare) sort(ranges, count, compare)
