/* SPDX-License-Identifier: MIT */
/*
 * The one list of parsers, sorted by name: a line here adds a parser to the build, the driver, the
 * reports and the docs. PARSER(x) stands for `const struct info_parser x_parser` in a file of its
 * own under parsers/.
 */
#define PARSERS(PARSER)                                                                            \
	PARSER(bounded)                                                                            \
	PARSER(bpf)                                                                                \
	PARSER(crosvm_iommu)                                                                       \
	PARSER(crosvm_region)                                                                      \
	PARSER(dpdk)                                                                               \
	PARSER(dpdk_new)                                                                           \
	PARSER(kernel)                                                                             \
	PARSER(ksft_vfio)                                                                          \
	PARSER(libvfn)                                                                             \
	PARSER(monotonic)                                                                          \
	PARSER(naive)                                                                              \
	PARSER(openvmm)                                                                            \
	PARSER(qatlib)                                                                             \
	PARSER(qemu)                                                                               \
	PARSER(qemu_10)                                                                            \
	PARSER(qemu_util)                                                                          \
	PARSER(qemu_vfio_user)                                                                     \
	PARSER(rdma_core)                                                                          \
	PARSER(spdk)                                                                               \
	PARSER(vfio_ioctls)                                                                        \
	PARSER(vfio_user)                                                                          \
	PARSER(vpp)
