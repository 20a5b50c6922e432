/* SPDX-License-Identifier: MIT */
/* What rdma-core's mlx5 uses and does not have in the files it is cut from. */
#include "real.h"

#include <pthread.h>
#include <stdio.h>

/* Its release has no assertions. */
#undef assert
#define assert(what) ((void)sizeof(what))

struct iset;

struct mlx5_vfio_context {
	int container_fd;
	struct iset *iova_alloc;
	uint64_t iova_min_page_size;
};
#define MLX5_ADAPTER_PAGE_SHIFT 12

/* The checks of a list's links, and where they are made, are for debugging. */
#define LIST_LOC		     ""
#define list_debug(list, where)	     ((void)(where), list)
#define list_debug_node(node, where) ((void)(where), node)
