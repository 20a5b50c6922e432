# Which compilers and engines are here, what can be built with them, and which of it is asked for.

# CC=clang-22 or CC=gcc-13 is that compiler in the place of the usual one of its family.
by_CC  = $(if $(filter command% environment,$(origin CC)),$(if $(findstring $(1),$(notdir $(CC))),$(CC)))
CLANG  ?= $(or $(call by_CC,clang),clang)
GCC    ?= $(or $(call by_CC,gcc),gcc)
# What compilers run under, for who builds the same objects in several folders, as `make check` does.
CCACHE ?=
# clang links sanitizers' run-times whole: lld is twice as fast as GNU ld there.
LLD    ?= $(call has,ld.lld,-fuse-ld=lld)
# Beside clang-22 that is clang++-22.
cxx_of  = $(if $(findstring /,$(firstword $(3))),$(dir $(firstword $(3))))$(subst $(1),$(2),$(notdir $(firstword $(3)))) \
	  $(wordlist 2,99,$(3))
CLANGXX ?= $(strip $(call cxx_of,clang,clang++,$(CLANG)))
GXX     ?= $(strip $(call cxx_of,gcc,g++,$(GCC)))
export CLANG GCC CLANGXX GXX

# where PROGRAM: its path, nothing where it is not here. make looks by itself, which costs no process.
where = $(firstword $(wildcard $(if $(findstring /,$(firstword $(1))),$(firstword $(1)), \
	$(addsuffix /$(firstword $(1)),$(subst :, ,$(PATH))))))
has   = $(if $(call where,$(1)),$(2))
HAVE_CLANG := $(call has,$(CLANG),yes)
# Without a compiler or an engine the rest is checked, and check.sh says so.
COMMANDS := $(if $(HAVE_CLANG),clang clang-asan) $(call has,$(GCC),gcc gcc-asan)
ENGINES  := $(if $(HAVE_CLANG),libfuzzer libfuzzer-fast $(call has,afl-clang-fast,afl))
# The front door: built by clang where there is one, by gcc otherwise.
FRONT    := $(if $(HAVE_CLANG),clang,gcc)
# It also builds what is not under test.
PLAIN_CC := $(if $(HAVE_CLANG),$(CLANG),$(GCC))

HOST_MACHINE := $(shell uname -m)
# is_i386 COMPILER FLAGS: by its name, a flag or the machine.
is_i386 = $(or $(filter -m32,$(2)),$(findstring i686-linux-gnu,$(1)),$(filter i%86,$(HOST_MACHINE)))

# Configurations are read where a goal needs them: all of them take four times as long. These goals need none,
# or ask another make for what they build.
ASIDE := help clean configs format compile-commands compiled-gcc compiled-clang setup-check setup-clients setup-fuzz fuzz fuzz-peers check equal \
	vm check-vm check-oss-fuzz check-arch check-systems exhaust3 exhaust4 bench bench-bugs mutants nightly \
	coverage check-nightly soak clients uapi uninstall dist
# These need the front door's alone.
DOOR  := all lib install policy fetch-table conformance $(BUILD)/capchain
GOALS := $(or $(MAKECMDGOALS),all)
# configs_of GOAL: those that it needs. One that is of no list may need any.
configs_of = $(if $(filter $(ASIDE),$(1)),,$(or \
	$(if $(filter $(DOOR) $(BUILD)/lib/% $(BUILD)/bpf/% $(BUILD)/client/%,$(1)),$(FRONT)), \
	$(filter $(patsubst own-%,%,$(patsubst %-fetch,%,$(1:-targets=))),$(CONFIGS)), \
	$(filter $(firstword $(subst /, ,$(patsubst $(BUILD)/%,%,$(1)))),$(CONFIGS)), \
	$(CONFIGS)))
USED  = $(sort $(foreach c,$(foreach g,$(GOALS),$(call configs_of,$(g))),$(c) $($(c)_HOST_OF) $($(c)_AWARE_OF)))

# Which compiler made the objects: its path and version. Another one makes them anew. afl-clang-fast says
# clang's version, and its own with -h alone; what an older AFL++ linked runs under 5 at half its speed.
# Noted while this is read: below a target that is always made, .SECONDARY has make 4.3 build every
# object again.
compiler-clang := $(CLANG)
compiler-gcc   := $(GCC)
compiler-afl   := afl-clang-fast
define note_compiler
mkdir -p $(BUILD); note=$(BUILD)/compiler-$(1); \
	{ at=$$(readlink -f "$$(command -v $(firstword $(compiler-$(1))))") && echo "$$at" && \
		"$$at" $(wordlist 2,9,$(compiler-$(1))) --version && \
		$(if $(filter afl,$(1)),"$$at" -h 2>&1 | head -n 1,:); } > $$note.$$$$ 2>&1 || :; \
	cmp -s $$note.$$$$ $$note && rm $$note.$$$$ || mv $$note.$$$$ $$note
endef
NOTED = $(sort $(foreach c,$(USED),$(if $(filter gcc%,$(c)),gcc,clang) $(if $(filter afl%,$(c)),afl)))
# After `make clean` in the same run, which writes anew what make has looked at already.
$(BUILD)/compiler-clang $(BUILD)/compiler-gcc $(BUILD)/compiler-afl: $(BUILD)/compiler-%:
	@$(call note_compiler,$*)
