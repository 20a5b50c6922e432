#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# shellcheck shell=dash
# The guest's first process, by busybox. It mounts what is needed, loads the modules of /modules in their order,
# gives every PCI device behind a root port to vfio-pci, runs the lines of /commands, prints the files below
# /out, and turns the machine off. All that it says goes to the serial line; what guest.py reads of it starts
# with @@. Where a step of its own fails it says where, and turns the machine off too.
set -eu
at="start"
trap 'echo "@@ FAILED $at"; poweroff -f' EXIT
/bin/busybox --install -s /bin

# group ADDRESS: the number of the IOMMU group of that device.
group() {
	basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")"
}

# background COMMAND...: leaves it running until the other commands have ended. It says by a file that it is ready.
running=
background() {
	"$@" &
	running="$running $!"
	# shellcheck disable=SC2034
	for i in $(seq 600); do [ -e /out/ready ] || usleep 100000; done
	rm /out/ready
}

for each in proc:/proc sysfs:/sys devtmpfs:/dev tmpfs:/out tracefs:/sys/kernel/tracing securityfs:/sys/kernel/security; do
	at="mount $each"
	mount -t "${each%%:*}" none "${each#*:}"
done
while read -r name parameters; do
	at="module $name"
	# shellcheck disable=SC2086
	insmod "/lib/$name" $parameters
done </modules
for device in /sys/bus/pci/devices/*; do
	address=${device##*/}
	# Devices of bus 0 are the machine's own.
	case $address in 0000:00:*) continue ;; esac
	at="binding $address"
	echo vfio-pci >"$device/driver_override"
	[ ! -e "$device/driver/unbind" ] || echo "$address" >"$device/driver/unbind"
	echo "$address" >/sys/bus/pci/drivers_probe
	read -r vendor <"$device/vendor"
	read -r id <"$device/device"
	echo "@@ DEVICE $address ${vendor#0x}:${id#0x}"
done
while read -r line; do
	echo "@@ RUN $line"
	status=0
	eval "$line" </dev/null 2>&1 || status=$?
	echo "@@ STATUS $status"
done </commands
for pid in $running; do
	echo "@@ RUN the end of what ran beside them"
	status=0
	kill -INT "$pid"
	wait "$pid" || status=$?
	echo "@@ STATUS $status"
done
at="printing files"
echo "@@ FILES"
tar -C /out -cz . | base64
trap - EXIT
echo "@@ OFF"
poweroff -f
