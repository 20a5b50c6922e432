/* SPDX-License-Identifier: MIT */
/*
 * capchain run: an unmodified program, on INFO replies of our choice, with no VFIO hardware, no
 * root and no support of the kernel but seccomp. Here is what it says of itself; run_options.c has its command
 * line, run_work.c does it.
 */
#include "run.h"

#include "cmd.h"

static const struct argp_child children[] = {{&run_argp, 0, NULL, 0}, {0}};

static const struct argp_option options[] = {
	{"iommu", RUN_OPTION_IOMMU, "FILE", 0, "what VFIO_IOMMU_GET_INFO answers", 0}, {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *const o = state->input;

	if (key == ARGP_KEY_INIT)
		state->child_inputs[0] = o;
	if (key != RUN_OPTION_IOMMU)
		return ARGP_ERR_UNKNOWN;
	run_add_option(o, state, LIST_IOMMU, arg);
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	"-- COMMAND...",
	"Runs COMMAND on a VFIO device that is not there, at PCI address " FAKE_ADDRESS
	", and says how it "
	"takes the INFO replies in the files.\v"
	"What COMMAND opens under /dev/vfio, looks up of the device in /sys, and asks of VFIO is answered "
	"here; everything else it does for real, with its own rights. There are /dev/vfio/vfio, "
	"/dev/vfio/" FAKE_GROUP_NAME " (the group's number is " FAKE_GROUP_NAME
	"), /sys/kernel/iommu_groups/" FAKE_GROUP_NAME " and " FAKE_DEVICES "/" FAKE_ADDRESS
	", a network card (class 0200) of vendor 8086, device 10d3, bound to vfio-pci; --pci gives it other "
	"ids. No VFIO ioctl reaches a real device, however it was opened; there is no io_uring, and a "
	"32-bit system call ends the run. "
	"Replies that are not given are good ones. COMMAND may be "
	"static, fork, run under a debugger or valgrind (say --no-good, --idle 0 and a larger --cpu), and needs no "
	"privilege; it must be a 64-bit program. Standard input that is no terminal is read "
	"to its end first, 16 MiB at most, and given to both runs; with --no-good it is COMMAND's own. "
	"Before each run a line that begins with `# with` says which, where COMMAND prints to. A read past the "
	"reply that COMMAND's heap forgives is a crash with `env LD_PRELOAD=build/client/fence.so "
	"FENCE_SIZE=N` before it, N the length of the reply.\n\n"
	"Outcomes, of which all but the first are faults:\n"
	"  exit     it ended by itself, as it should whatever it is told\n"
	"  signal   it died of one\n"
	"  storm    it asked for one INFO more often than --calls\n"
	"  hang     a thread that read an INFO reply computes, for --cpu, and calls nothing\n"
	"  idle     it neither asked any more nor ended, for --idle\n"
	"and beside an exit that it mapped what the reply does not hold: `outside` of the sparse areas, "
	"of an `unreadable` chain, `past the region` or `nowhere`, and not just as with good replies. "
	"That it mapped `what two areas share twice` is told, and is no fault: the UAPI leaves that open.\n\n"
	"RULES say what a caller with too small an argsz is told. Where FILE is byte for byte a full reply of "
	"a producer that capchain has a model of, that model tells the short one (`--fields file` leaves "
	"the fixed fields as they are):\n"
	"  kernel     vfio-pci and type1, from 6.6 on or before\n"
	"  iommufd    in the place of a container: from 6.6 on or before; devices and regions as kernel\n"
	"  vfio-user  libvfio-user\n"
	"  rust-vmm   rust-vmm's vfio-user server, which claims what it does not send\n"
	"  raw        FILE's bytes, cut\n"
	"What none of them would write, as a hostile chain, comes as near to that as its bytes go: the "
	"fixed struct with the argsz to ask with and cap_offset 0; for iommufd what fits of it, with "
	"argsz the whole length; for vfio-user zeros behind the struct, the CAPS flag clear.\n\n"
	"A SCRIPT has a line a reply, of `device`, `iommu`, `region` or `region0` to `region8`; calls go "
	"through them in turn and stay at the last, or start over after `again`:\n"
	"  region kernel a.yaml            # the first call\n"
	"  region raw b.bin argsz=104      # the second, and its argsz\n"
	"  region raw b.bin argsz=+8       # 8 more than the caller's, each time\n"
	"  region fails ENODEV             # the call fails; EINVAL where none is named\n"
	"  region raw \"a name.yaml\"       # in quotes, \\\" and \\\\ are \" and \\\n"
	"  region again                    # from the first line on\n"
	"It may have 1 MiB and 4096 replies.\n\n"
	"With --json the object has, beside the above, the bytes that the program held after its last call "
	"of each INFO; with --each there is one a file, and one more with the counts.\n\n"
	"Exit status: 0 it ended by itself and mapped nothing else; 1 a fault; 2 an unusable FILE or "
	"COMMAND, or one that does not pass the good replies; 3 programs cannot be supervised here (a "
	"container that forbids it, a kernel whose seccomp has no listeners); 5 the output could not be written.",
	children,
	NULL,
	NULL};

int cmd_run(int argc, char **argv)
{
	struct run_options o = {.ids = {0x8086, 0x10d3},
				.limits = {STORM_CALLS, HANG_MS * UINT64_C(1000000), IDLE_S}};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	return run_apart(&o);
}
