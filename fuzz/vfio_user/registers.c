/* SPDX-License-Identifier: MIT */
/*
 * BARs and doorbells are memory. Of config space most is read-only, so that the ids stay, and a BAR that all
 * ones are written to says how large it is.
 */
#include "registers.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/types.h>
#include <unistd.h>

#include "../client/fake.h"

#define CONFIG_SIZE 256u

/* What may be written of config space: at, width, bits. Those of a BAR follow from its size. */
static const struct {
	uint8_t at;
	uint8_t width;
	uint32_t bits;
} writable[] = {
	{PCI_COMMAND, 2, 0x0547},
	{PCI_CACHE_LINE_SIZE, 1, 0xff},
	{PCI_LATENCY_TIMER, 1, 0xff},
	{PCI_INTERRUPT_LINE, 1, 0xff},
	{FAKE_MSIX_AT + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL},
	{FAKE_EXP_AT + PCI_EXP_DEVCTL, 2, 0x7fff},
};

static uint32_t bar_bits(uint64_t at)
{
	const uint32_t bar = (uint32_t)(at - PCI_BASE_ADDRESS_0) / 4;

	return fake_region_size(bar) ? ~((uint32_t)fake_region_size(bar) - 1) : 0;
}

/* Which bits of the byte at @at are the guest's to write. */
static uint8_t mask_of(uint64_t at)
{
	if (at >= PCI_BASE_ADDRESS_0 && at < PCI_BASE_ADDRESS_0 + 24)
		return (uint8_t)(bar_bits(at) >> at % 4 * 8);
	for (size_t i = 0; i < sizeof(writable) / sizeof(writable[0]); i++)
		if (at >= writable[i].at && at < (uint64_t)writable[i].at + writable[i].width)
			return (uint8_t)(writable[i].bits >> (at - writable[i].at) * 8);
	return 0;
}

static off_t place(uint32_t index, uint64_t offset)
{
	return (off_t)((uint64_t)index << FAKE_REGION_SHIFT | offset);
}

static bool is_inside(uint32_t index, uint64_t offset, uint32_t count)
{
	const uint64_t size = fake_region_size(index);

	return offset <= size && count <= size - offset;
}

int registers_read(int device, uint32_t index, uint64_t offset, uint32_t count, uint8_t *ret_bytes)
{
	/* The bytes end where the region does, at most. */
	if (!is_inside(index, offset, count))
		return -EINVAL;
	return pread(device, ret_bytes, count, place(index, offset)) == (ssize_t)count ? 0 : -EIO;
}

static int write_config(int device, uint64_t offset, uint32_t count, const uint8_t *bytes)
{
	/* Behind the first 256 bytes nothing may be written. */
	for (uint32_t i = 0; i < count && offset + i < CONFIG_SIZE; i++) {
		const off_t at = place(VFIO_PCI_CONFIG_REGION_INDEX, offset + i);
		const uint8_t mask = mask_of(offset + i);
		uint8_t byte;

		if (!mask)
			continue;
		if (pread(device, &byte, 1, at) != 1)
			return -EIO;
		byte = (uint8_t)((byte & ~mask) | (bytes[i] & mask));
		if (pwrite(device, &byte, 1, at) != 1)
			return -EIO;
	}
	return 0;
}

int registers_write(int device, uint32_t index, uint64_t offset, uint32_t count,
		    const uint8_t *bytes)
{
	/* The bytes end where the region does, at most. */
	if (!is_inside(index, offset, count))
		return -EINVAL;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return write_config(device, offset, count, bytes);
	return pwrite(device, bytes, count, place(index, offset)) == (ssize_t)count ? 0 : -EIO;
}
