/* SPDX-License-Identifier: MIT */
/*
 * What rows of models_test.c are made of. Each family of models has a file of rows, quirks_FAMILY.h.
 */
#ifndef FUZZ_QUIRKS_H
#define FUZZ_QUIRKS_H

#include "../sandbox/sandbox.h"

/*
 * @took: the offsets of what was delivered, in its order, each with #count where it has elements.
 */
struct row {
	const char *parser;
	const char *quirk;
	const char *text;
	enum verdict verdict;
	const char *reason;
	const char *took;
};

#define SAYS(verdict_, took_)	VERDICT_##verdict_, "", took_
#define REJECTS(reason_, took_) VERDICT_REJECT, reason_, took_
#define FAULTS(verdict_)	VERDICT_##verdict_, "", NULL

#define REGION(caps_)		"{kind: region, caps: [" caps_ "]}"
#define REGION_AS(info_, caps_) "{kind: region, info: {" info_ "}, caps: [" caps_ "]}"
#define IOMMU(caps_)		"{kind: iommu, caps: [" caps_ "]}"
#define IOMMU_AS(info_, caps_)	"{kind: iommu, info: {" info_ "}, caps: [" caps_ "]}"
#define IOMMU_PAGES(caps_)                                                                         \
	"{kind: iommu, info: {flags: [PGSIZES, CAPS], iova_pgsizes: 0x1000}, caps: [" caps_ "]}"
#define DEVICE(caps_) "{kind: device, caps: [" caps_ "]}"

#define AREA		      "areas: [{offset: 0, size: 4096}]"
#define RANGE		      "iova_ranges: [{start: 0, end: 4095}]"
#define SPARSE		      "{id: SPARSE_MMAP, " AREA "}"
#define MSIX		      "{id: MSIX_MAPPABLE}"
#define MSIX_AGAIN	      "{id: MSIX_MAPPABLE, next: 32}"
#define REGION_CUT	      "{kind: region, len: 32, info: {argsz: 64, flags: CAPS}}"
#define IOMMU_CUT	      "{kind: iommu, len: 24, info: {argsz: 64, flags: CAPS}}"
#define REGION_BARE	      "{kind: region, len: 64, info: {flags: CAPS}}"
#define IOMMU_BARE	      "{kind: iommu, len: 64, info: {flags: CAPS}}"
#define REGION_SHRUNK(argsz_) "{kind: region, len: 64, info: {argsz: " argsz_ "}, caps: [" MSIX "]}"
#define DMA		      "{id: DMA_AVAIL}"
#define AREAS_SHARE                                                                                \
	"{id: SPARSE_MMAP, areas: [{offset: 0, size: 0x2000}, {offset: 0x1000, size: 0x1000}]}"

#endif
