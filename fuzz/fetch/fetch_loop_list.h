/* SPDX-License-Identifier: MIT */
/*
 * The one list of fetch loops, sorted by name: a line here adds a loop to the target, the command
 * and the reports. LOOP(x) stands for `const struct fetch_loop fetch_x_loop` in a file of loops/.
 */
#define FETCH_LOOPS(LOOP)                                                                          \
	LOOP(crosvm_iommu)                                                                         \
	LOOP(crosvm_region)                                                                        \
	LOOP(dpdk)                                                                                 \
	LOOP(dpdk_new)                                                                             \
	LOOP(fetch)                                                                                \
	LOOP(ksft_vfio)                                                                            \
	LOOP(libvfn)                                                                               \
	LOOP(openvmm)                                                                              \
	LOOP(qatlib)                                                                               \
	LOOP(qemu)                                                                                 \
	LOOP(qemu_util)                                                                            \
	LOOP(qemu_vfio_user)                                                                       \
	LOOP(rdma_core)                                                                            \
	LOOP(spdk)                                                                                 \
	LOOP(vfio_ioctls)                                                                          \
	LOOP(vfio_user)                                                                            \
	LOOP(vpp)
