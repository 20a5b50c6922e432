# Kinds of buffers, each with what it is called in C: parsers/parser.h has the list.
KINDS := device region iommu pci pcie
kind_of_device := INFO_DEVICE
kind_of_region := INFO_REGION
kind_of_iommu  := INFO_IOMMU
kind_of_pci    := INFO_PCI
kind_of_pcie   := INFO_PCIE
kind_of_fetch  := KIND_FETCH -DTARGET_FETCH=1
