/* SPDX-License-Identifier: MIT */
/*
 * The one list of parsers, sorted by name: a line here adds a parser to the build, the driver, the
 * reports and the docs. PARSER(x) stands for `const struct info_parser x_parser` in a file of its
 * own under parsers/.
 */
#define PARSERS(PARSER)                                                                            \
	PARSER(bounded)                                                                            \
	PARSER(bpf)                                                                                \
	PARSER(cloud_hypervisor)                                                                   \
	PARSER(cloud_hypervisor_pci)                                                               \
	PARSER(crosvm_iommu)                                                                       \
	PARSER(crosvm_pci)                                                                         \
	PARSER(crosvm_region)                                                                      \
	PARSER(dpdk)                                                                               \
	PARSER(dpdk_new)                                                                           \
	PARSER(dpdk_pci)                                                                           \
	PARSER(dragonball)                                                                         \
	PARSER(find_cap)                                                                           \
	PARSER(firecracker)                                                                        \
	PARSER(fpga_sio)                                                                           \
	PARSER(hwloc)                                                                              \
	PARSER(i10e)                                                                               \
	PARSER(kernel)                                                                             \
	PARSER(kernel_pci)                                                                         \
	PARSER(ksft_cxl)                                                                           \
	PARSER(ksft_iommufd)                                                                       \
	PARSER(ksft_vfio)                                                                          \
	PARSER(libblkio)                                                                           \
	PARSER(libpci)                                                                             \
	PARSER(libvfio_user)                                                                       \
	PARSER(libvfn)                                                                             \
	PARSER(libvhost)                                                                           \
	PARSER(libvirt)                                                                            \
	PARSER(linux_pci)                                                                          \
	PARSER(lshw)                                                                               \
	PARSER(lspci)                                                                              \
	PARSER(monotonic)                                                                          \
	PARSER(mvisor)                                                                             \
	PARSER(naive)                                                                              \
	PARSER(naive_pci)                                                                          \
	PARSER(odp)                                                                                \
	PARSER(opae)                                                                               \
	PARSER(open_sparse_mmap)                                                                   \
	PARSER(openvmm)                                                                            \
	PARSER(pcicaps)                                                                            \
	PARSER(qatlib)                                                                             \
	PARSER(qemu)                                                                               \
	PARSER(qemu_10)                                                                            \
	PARSER(qemu_11)                                                                            \
	PARSER(qemu_pci)                                                                           \
	PARSER(qemu_s390)                                                                          \
	PARSER(qemu_util)                                                                          \
	PARSER(qemu_vfio_user)                                                                     \
	PARSER(qemu_vfio_user_11)                                                                  \
	PARSER(raven)                                                                              \
	PARSER(rdma_core)                                                                          \
	PARSER(seabios)                                                                            \
	PARSER(spdk)                                                                               \
	PARSER(spdk_pci)                                                                           \
	PARSER(stratovirt)                                                                         \
	PARSER(uml)                                                                                \
	PARSER(vfio_ioctls)                                                                        \
	PARSER(vfio_pci)                                                                           \
	PARSER(vfio_user)                                                                          \
	PARSER(vpp)                                                                                \
	PARSER(xen)
