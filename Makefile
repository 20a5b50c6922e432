# capchain. `make help` lists the targets; README.md says what they are for.

BUILD  := build
# CC=clang-22 or CC=gcc-13 is that compiler in the place of the usual one of its family.
by_CC  = $(if $(filter command% environment,$(origin CC)),$(if $(findstring $(1),$(notdir $(CC))),$(CC)))
CLANG  ?= $(or $(call by_CC,clang),clang)
GCC    ?= $(or $(call by_CC,gcc),gcc)
# What compilers run under, for who builds the same objects in several folders, as `make check` does.
CCACHE ?=
PYTHON := /usr/bin/python3
KINDS  := device region iommu
# Goals that build nothing.
ASIDE  := help clean configs format
# Those, and whole conversations: names of their targets.
TARGETS := $(KINDS:%=fuzz_%_info) fuzz_fetch
fuzzes = $(if $(filter fetch,$(1)),fuzz_fetch,fuzz_$(1)_info)
SETUP  ?= 1
export SETUP

WARN   := -Wall -Wextra -Wshadow -Wconversion -Wvla
COMMON := -std=gnu11 -D_GNU_SOURCE -g -gdwarf-4 $(WARN) -MMD -MP
# BUILD may lie anywhere, and the table in it includes a header of the tree.
COMMON += -iquote .
# `make fuzz PARSER=FILE` is about another's parser: taken aside, since PARSER is ours below.
OWN_PARSER := $(if $(filter command% environment,$(origin PARSER)),$(value PARSER))
export OWN_PARSER CLANG GCC
# Parsers are built one way everywhere: load order and width, and so verdicts, follow from it.
override PARSER := $(COMMON) -O2 -fno-lto
# The level of optimisation of all else: equal.sh has others too.
LEVEL  := -O2
HOST   := $(COMMON) $(LEVEL)

# Layers: tables that all share, parsers, sandbox and judge, engines, the command.
TABLE_SRC    := parsers/layout.c parsers/registry.c
PARSER_SRC   := $(filter-out $(TABLE_SRC) parsers/layout_uapi.c %_test.c, \
		  $(wildcard parsers/*.c parsers/models/*.c))
# libFuzzer counts the edges of these alone: they have a branch for every rule, and each edge that
# runs costs it time.
HARDENED_SRC := $(shell grep -l INFO_HARDENED $(PARSER_SRC)) parsers/bpf/bpf.c
# Only what asks for scratch memory can store into it: there the hooks hear stores too.
STORING_SRC  := $(shell grep -lE 'walk_alloc|model_copy|"dpdk\.h"' $(PARSER_SRC))
SANDBOX_SRC  := $(addprefix fuzz/sandbox/,sandbox.c scratch.c heap.c arena.c walk.c result.c)
# One load and one store, compiled as parsers are.
HEARD_SRC    := fuzz/sandbox/heard.c
HOOKS_SRC    := fuzz/sandbox/hooks.c fuzz/sandbox/calls.c
SPEC_SRC     := fuzz/judge/spec.c
JUDGE_SRC    := fuzz/judge/rules.c fuzz/target/chosen.c fuzz/judge/compare.c fuzz/judge/judged.c fuzz/judge/judge.c fuzz/judge/relations.c fuzz/judge/variant.c fuzz/judge/ledger.c fuzz/target/findings.c fuzz/target/file.c fuzz/judge/verdicts.c fuzz/sandbox/leaks.c \
		fuzz/judge/truncations.c fuzz/judge/own.c
FEEDBACK_SRC := fuzz/target/feedback.c
# What the command and the tests have, and targets never link.
TEXT_SRC     := fuzz/exhaust/exhaust.c fuzz/exhaust/exhaust_run.c fuzz/chain/chain.c fuzz/chain/endian.c fuzz/text/text_node.c fuzz/text/text_value.c fuzz/text/text_load.c fuzz/text/text_dump.c \
		fuzz/fetch/script_endian.c fuzz/text/text_fetch.c
CMD_SRC      := $(wildcard fuzz/cmd/*.c)
TEST_SRC     := $(wildcard fuzz/*/*_test.c)
# These make millions of inputs, or are what is tested; all others take longer to optimise than to run.
LONG_TESTS   := $(patsubst %,%_test.c,fuzz/parsers/bounded fuzz/parsers/bounded_load fuzz/exhaust/exhaust fuzz/mutator/mutate fuzz/text/text_trip \
		fuzz/planted/planted fuzz/producer/build)
BRIEF_TESTS  := $(filter-out $(LONG_TESTS),$(TEST_SRC))
# The supervisor of `capchain run`, which has producers' models tell short replies.
CLIENT_SRC   := $(filter-out %_test.c,$(wildcard fuzz/client/*.c)) fuzz/producer/reply_state.c
TEXT_SRC     += $(CLIENT_SRC)
# Models of what writes replies: bytes only, so that targets may link them too.
PRODUCER_SRC := fuzz/producer/producer.c fuzz/producer/state.c fuzz/producer/answers.c fuzz/producer/caps.c \
		fuzz/producer/answer_kernel.c fuzz/producer/answer_iommufd.c fuzz/producer/answer_peer.c
# Conversations. Loops are built as parsers are; planted ones are linked into their target and tests alone.
FETCH_SRC    := fuzz/fetch/script.c fuzz/fetch/script_model.c fuzz/fetch/host.c fuzz/fetch/fetch_judge.c fuzz/fetch/table.c
FETCH_LOOP_SRC := $(wildcard fuzz/fetch/loops/*.c)
HARDENED_LOOPS := fuzz/fetch/loops/reference.c
FETCH_BUG_SRC := fuzz/planted/fetch_loops/fetch_bugs.c fuzz/fetch/faulty/faulty_fetch_loops.c
# What holds them to captured replies: of `make conformance` and the tests alone.
CONFORM_SRC  := fuzz/producer/captured.c fuzz/producer/reply_state.c fuzz/producer/conform.c
# The mutator, and how each engine reaches it; libFuzzer's targets link it, AFL++ loads it.
MUTATE_SRC   := $(filter-out fuzz/mutator/mutate_afl.c fuzz/mutator/mutate_libfuzzer.c %_test.c, \
		  $(wildcard fuzz/mutator/mutate*.c))
# The part of it that knows conversations, and the model that it edits; of fetch targets alone.
SCRIPT_SRC   := fuzz/mutator/mutate_script.c fuzz/mutator/mutate_reply.c fuzz/mutator/mutate_replies.c fuzz/mutator/mutate_argsz.c fuzz/mutator/mutate_state.c
MUTATE_SRC   := $(filter-out $(SCRIPT_SRC),$(MUTATE_SRC))
PROBE_SRC    := fuzz/probe/probe.c fuzz/probe/broken.c fuzz/probe/device.c fuzz/capture/corpus_bytes.c
TEXT_SRC     += $(PROBE_SRC)
# Parser `bpf`: what every build has of it, and its kernel, which is load.c where $(1)_BPF says that
# a build may have libbpf, and absent.c elsewhere: under MemorySanitizer, AFL++, OSS-Fuzz and -m32, in
# coverage, in own parsers' builds and in the library.
BPF_SRC      := parsers/bpf/bpf.c
BPF_NAMES    := walk walk_without_clamp walk_without_end
BPF_BUILDS   := clang gcc clang-asan gcc-asan libfuzzer libfuzzer-fast
BPF_SKELS    := $(BPF_NAMES:%=$(BUILD)/bpf/%.skel.h) $(BUILD)/bpf/capture.skel.h
# bpftool is not in everybody's PATH.
BPFTOOL      := $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool)
# It is optional, so that it can be built here is tried: able.mk says CAN_BPF where it can, and where it
# cannot, why-not has the reason, and the next make tries again.
ifneq ($(filter-out $(ASIDE),$(or $(MAKECMDGOALS),all)),)
ifndef BPF_TRIAL
-include $(BUILD)/bpf/able.mk
endif
endif
$(BUILD)/bpf/able.mk: parsers/bpf/walk.bpf.c fuzz/capture/capture.bpf.c Makefile $(BUILD)/compiler-clang
	@mkdir -p $(@D) && rm -f $@
	@{ { [ '$(BPFTOOL)' ] || ! echo no bpftool here; } && \
		{ command -v $(CLANG) >/dev/null || ! echo no $(CLANG) here; } && \
		echo 'int main(void) { return !libbpf_major_version(); }' | \
			$(CLANG) -include bpf/libbpf.h -x c - -lbpf -o $(@D)/trial && \
		$(MAKE) -s --no-print-directory BPF_TRIAL=1 $(BPF_SKELS); } >$(@D)/why-not 2>&1 && \
		echo 'CAN_BPF := yes' >$@ || :
# Planted bugs are built as parsers are, and linked into planted targets and their test alone.
MARKS_SRC    := fuzz/planted/marks.c
PLANT_SRC    := fuzz/planted/bugs.c fuzz/planted/faults.c $(MARKS_SRC)
BUG_SRC      := $(filter-out $(PLANT_SRC) %_test.c,$(wildcard fuzz/planted/*.c))

# Triage: shrink and emit. What is planted stands in place of the registered parsers where it is tested.
TRIAGE_SRC := fuzz/triage/shrink.c fuzz/triage/shrink_try.c fuzz/triage/shrink_steps.c fuzz/triage/shrink_values.c fuzz/triage/shrink_goal.c fuzz/triage/shrink_script.c fuzz/triage/emit.c
TRIAGE_PARSER_SRC := fuzz/triage/emit_faulty.c fuzz/triage/emit_faulty_registry.c
HOST_SRC := fuzz/triage/emit_host.h fuzz/triage/emit_host.c
TEXT_SRC     += $(TRIAGE_SRC)
TRIAGE_CHECKED = $(foreach c,$(FRONT) $(ENGINES),$(BUILD)/$(c)/triage/fuzz_region_info) \
		$(BUILD)/$(FRONT)/triage/capchain

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
# Dependency files are made by the compiler, never by make.
%.d: ;

$(BUILD)/ledger_table.c: corpus/ledger.yaml scripts/gen/ledger.py
	@mkdir -p $(@D)
	@$(PYTHON) scripts/gen/ledger.py $< $@

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
ifneq ($(filter-out $(ASIDE),$(or $(MAKECMDGOALS),all)),)
$(foreach c,clang gcc afl,$(shell { $(call note_compiler,$(c)); } 2>/dev/null))
endif
# After `make clean` in the same run.
$(BUILD)/compiler-%:
	@$(call note_compiler,$*)
FORCE:
# Where no arena tells, a wild offset may land in any global of a program: the data that parsers may load
# have a section of their own.
own_data = objcopy $$(readelf -SW $(1) | sed -nE \
	's/^ *\[ *[0-9]+\] (\.(rodata|data|bss)[^ ]*) .*/--rename-section \1=parsers_own,alloc,load,data,contents/p') $(1)
# is_i386 COMPILER FLAGS: by its name, a flag or the machine.
is_i386 = $(or $(filter -m32,$(2)),$(findstring i686-linux-gnu,$(1)),$(filter i%86,$(HOST_MACHINE)))
HOST_MACHINE := $(shell uname -m)
# Under qemu-user stat() of a folder fails without the second. Elsewhere it would have stat() called by
# another name, which clang 14's MemorySanitizer does not know.
BITS32 := -m32 -D_FILE_OFFSET_BITS=64
# One configuration: name, compiler, flags of everything, sanitizers of our own code, of trusting
# parsers, what puts the load hooks into parsers, what instruments the reference, linker flags of
# targets and command, of tests. Parsers, the reference and targets are compiled for each; host_of_ says
# whose objects of all else it links, where they would be the same.
define config
$(1)_OBJ := $(BUILD)/$(1)/obj
$(1)_HOST := $(BUILD)/$(or $(host_of_$(1)),$(1))/obj
$(1)_BY := $(BUILD)/compiler-$(if $(filter gcc%,$(1)),gcc,clang)
$(1)_SAN := $(4)
$(1)_TRUST := $(5)
$(1)_HOOKS := $(6)
$(1)_LOADS ?= $(6)
$(1)_BPF := $$(if $$(CAN_BPF),$$(filter $(1),$$(BPF_BUILDS)))
$(1)_KERNEL := $$($(1)_HOST)/parsers/bpf/$$(if $$($(1)_BPF),load,absent).o
$(1)_CAPTURE := $$($(1)_HOST)/fuzz/capture/capture_$$(if $$($(1)_BPF),load,absent).o
$(1)_LIBBPF := $$(if $$($(1)_BPF),-lbpf)
# Whether $(6) gives hooks; a file of flags has those of loads, stores would want theirs beside them.
$(1)_MEANT := $$(if $$(findstring trace-loads,$(6))$$(findstring thread,$(6)),-DLOADS_MEANT=true -DSTORES_MEANT=true, \
		$$(if $$(findstring --config,$(6)),-DLOADS_MEANT=true))
$(1)_OWN = $(if $(call is_i386,$(2),$(3)),&& $$(call own_data,$$@))
$(1)_STORES := $$(if $$(findstring trace-loads,$(6)),-fsanitize-coverage=trace-stores)

$$($(1)_OBJ)/parsers/bpf/load.o: $(BUILD)/bpf/walk.skel.h
$$($(1)_OBJ)/parsers/bpf/load.o $$($(1)_OBJ)/parsers/bpf/absent.o: $$($(1)_OBJ)/%.o: %.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) -isystem $(BUILD)/bpf $(4) -c $$< -o $$@
$$($(1)_OBJ)/parsers/%.o: parsers/%.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $$(if $$(filter $$<,$$(HARDENED_SRC)),$$($(1)_SAN),$$($(1)_TRUST)) \
		$$(if $$(filter $$<,$$(HARDENED_SRC)),$$($(1)_HOOKS),$$($(1)_LOADS)) \
		$$(if $$(filter $$<,$$(STORING_SRC)),$$($(1)_STORES)) $$(if $$(filter $$<,$$(HARDENED_SRC)),$$(LEVEL)) -c $$< -o $$@ $$($(1)_OWN)
$$(addprefix $$($(1)_OBJ)/,$$(TABLE_SRC:.c=.o)): $$($(1)_OBJ)/%.o: %.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -c $$< -o $$@ $$($(1)_OWN)
# Never inlined into who calls them: the edge of what a walk gives up is their own frame.
$$(addprefix $$($(1)_OBJ)/,$$(HOOKS_SRC:.c=.o)): $$($(1)_OBJ)/%.o: %.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $$($(1)_HOOKSAN) -fno-lto -c $$< -o $$@
$$(addprefix $$($(1)_OBJ)/,$$(SPEC_SRC:.c=.o)): $$($(1)_OBJ)/%.o: %.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) $(7) -c $$< -o $$@
$$($(1)_OBJ)/ledger_table.o: $(BUILD)/ledger_table.c
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/sandbox/heard.o: fuzz/sandbox/heard.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $(5) $(6) $$($(1)_STORES) $$($(1)_MEANT) -c $$< -o $$@ $$($(1)_OWN)
$$($(1)_OBJ)/fuzz/sandbox/faulty.o: fuzz/sandbox/faulty.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $(5) $(6) $$($(1)_STORES) -c $$< -o $$@ $$($(1)_OWN)
$$(addprefix $$($(1)_OBJ)/,$$(BUG_SRC:.c=.o)): $$($(1)_OBJ)/%.o: %.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $$($(1)_SAN) $$($(1)_HOOKS) $$($(1)_STORES) -c $$< -o $$@ $$($(1)_OWN)
$$(addprefix $$($(1)_OBJ)/,$$(patsubst %.c,%.o,$$(FETCH_LOOP_SRC) $$(FETCH_BUG_SRC))): $$($(1)_OBJ)/%.o: %.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $$(if $$(filter $$<,$$(HARDENED_LOOPS)),$$($(1)_SAN),$$($(1)_TRUST)) \
		$$($(1)_HOOKS) $$($(1)_STORES) -c $$< -o $$@ $$($(1)_OWN)
$$($(1)_OBJ)/fuzz/target/target_planted_%.o: fuzz/target/target.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -DTARGET_PLANTED=1 -DTARGET_KIND=$$(kind_of_$$*) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/target/target_%.o: fuzz/target/target.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -DTARGET_KIND=$$(kind_of_$$*) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_%.o: fuzz/mutator/mutate_libfuzzer.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -DMUTATE_KIND=$$(kind_of_$$*) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/own/target.o: fuzz/target/target.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -include fuzz/own/kind.h '-DTARGET_KIND=(own_kind())' -c $$< -o $$@
$$($(1)_OBJ)/fuzz/capture/capture_load.o: fuzz/capture/capture_load.c $(BUILD)/bpf/capture.skel.h Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) -isystem $(BUILD)/bpf $(4) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/parsers/bpf_test.o: fuzz/parsers/bpf_test.c $(BPF_NAMES:%=$(BUILD)/bpf/%.skel.h) Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) -isystem $(BUILD)/bpf $(4) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/bench/bench_empty.o: fuzz/bench/bench_empty.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $(4) $(6) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/%.o: fuzz/%.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $$(if $$(filter $$<,$$(BRIEF_TESTS)),-O0) $(4) -c $$< -o $$@

$(1)_JUDGE := $$(addprefix $$($(1)_HOST)/,$$(patsubst %.c,%.o,$$(TABLE_SRC) $$(SANDBOX_SRC) $$(HOOKS_SRC) \
		$$(JUDGE_SRC)) ledger_table.o) \
	$$(addprefix $$($(1)_OBJ)/,$$(patsubst %.c,%.o,$$(PARSER_SRC) $$(HEARD_SRC) $$(BPF_SRC) $$(SPEC_SRC) $$(FEEDBACK_SRC)))
$(1)_PLANTED := $$(PLANT_SRC:%.c=$$($(1)_HOST)/%.o) $$(BUG_SRC:%.c=$$($(1)_OBJ)/%.o)
$(1)_PRODUCER := $$(PRODUCER_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_TEXT := $$(TEXT_SRC:%.c=$$($(1)_HOST)/%.o) $$($(1)_PRODUCER)
$(1)_MUTATE := $$(MUTATE_SRC:%.c=$$($(1)_HOST)/%.o)
# Of a libFuzzer target; its % is the kind.
$(1)_MUTATOR := $(if $(filter -fsanitize=fuzzer,$(8)),$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_%.o \
		$$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o)
$(1)_SCRIPT := $$(SCRIPT_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_FETCH_MUTATOR := $(if $(filter -fsanitize=fuzzer,$(8)),$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_fetch.o \
		$$($(1)_SCRIPT) $$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o)
$(1)_CMD := $$(CMD_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_FETCH := $$(FETCH_SRC:%.c=$$($(1)_HOST)/%.o) $$($(1)_PRODUCER) $$(FETCH_LOOP_SRC:%.c=$$($(1)_OBJ)/%.o)
$(1)_FETCH_BUGS := $$(FETCH_BUG_SRC:%.c=$$($(1)_OBJ)/%.o) $$(MARKS_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_TEXT += $$($(1)_HOST)/emit_table.o $$($(1)_FETCH) $$($(1)_CAPTURE)

$(BUILD)/$(1)/capchain: $$($(1)_CMD) $$($(1)_TEXT) $$($(1)_JUDGE) $$($(1)_KERNEL)
	@$(2) $(3) $(4) $(8) $$^ -lyaml -ljansson $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/fuzz_fetch: $$($(1)_OBJ)/fuzz/target/target_fetch.o $$($(1)_MAIN) $$($(1)_FETCH) $$($(1)_JUDGE) \
		$$($(1)_KERNEL) $$($(1)_FETCH_MUTATOR)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/planted_fetch: $$($(1)_OBJ)/fuzz/target/target_planted_fetch.o $$($(1)_MAIN) \
		$$($(1)_OBJ)/fuzz/planted/fetch_loops/fetch_bugs.o $$($(1)_HOST)/fuzz/planted/marks.o $$($(1)_FETCH) $$($(1)_JUDGE) $$($(1)_KERNEL) \
		$$($(1)_FETCH_MUTATOR)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/test/fetch/fetch_test: $$($(1)_FETCH_BUGS)
$(BUILD)/$(1)/fuzz_%_info: $$($(1)_OBJ)/fuzz/target/target_%.o $$($(1)_MAIN) $$($(1)_JUDGE) $$($(1)_KERNEL) \
		$$($(1)_MUTATOR)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/planted_%_info: $$($(1)_OBJ)/fuzz/target/target_planted_%.o $$($(1)_MAIN) $$($(1)_JUDGE) \
		$$($(1)_PLANTED) $$($(1)_KERNEL) $$($(1)_MUTATOR)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/test/planted/planted_test: $$($(1)_PLANTED)
$(1)_CONFORM := $$(CONFORM_SRC:%.c=$$($(1)_HOST)/%.o)
$$(patsubst fuzz/%.c,$(BUILD)/$(1)/test/%,$$(filter fuzz/producer/%,$$(TEST_SRC))): $$($(1)_CONFORM)
$(BUILD)/$(1)/conformance: $$($(1)_HOST)/fuzz/producer/conformance.o $$($(1)_CONFORM) \
		$$($(1)_PRODUCER) $$($(1)_HOST)/parsers/layout.o
	@$(2) $(3) $(4) $(8) $$^ -o $$@
$(BUILD)/$(1)/test/mutator/mutate_test: $$($(1)_MUTATE)
$(BUILD)/$(1)/test/mutator/mutate_script_test: $$($(1)_SCRIPT) $$($(1)_MUTATE)
$(BUILD)/$(1)/test/%: $$($(1)_HOST)/fuzz/%.o $$($(1)_OBJ)/fuzz/sandbox/faulty.o \
		$$($(1)_TEXT) $$($(1)_JUDGE) $$($(1)_KERNEL)
	@mkdir -p $$(@D)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(9) $$^ -lcmocka -lyaml -ljansson $$($(1)_LIBBPF) -o $$@

$(BUILD)/$(1)/bench_fetch: $$($(1)_OBJ)/fuzz/target/target_fetch.o $$($(1)_MAIN) $$($(1)_FEED) $$($(1)_FETCH) \
		$$($(1)_JUDGE) $$($(1)_KERNEL)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/bench_%_info: $$($(1)_OBJ)/fuzz/target/target_%.o $$($(1)_MAIN) $$($(1)_FEED) $$($(1)_JUDGE) \
		$$($(1)_KERNEL)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/empty_info: $$($(1)_OBJ)/fuzz/bench/bench_empty.o $$($(1)_MAIN) $$(if $$($(1)_MAIN),$$($(1)_HOST)/fuzz/target/file.o)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ -o $$@
$(BUILD)/$(1)/bench_empty: $$($(1)_OBJ)/fuzz/bench/bench_empty.o $$($(1)_MAIN) $$(if $$($(1)_MAIN),$$($(1)_HOST)/fuzz/target/file.o) $$($(1)_FEED)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ -o $$@

$(BUILD)/$(1)/equal: $$($(1)_HOST)/fuzz/bench/equal.o $$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o $$($(1)_JUDGE) \
		$$($(1)_KERNEL)
	@$(2) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@

# Links that lost our hooks, all of them and those of stores: both have to refuse.
$(1)_LOST := $$($(1)_OBJ)/fuzz/target/target_region.o $$($(1)_MAIN) $$($(1)_KERNEL) $$($(1)_HOST)/fuzz/sandbox/silent.o \
		$$(filter-out %/sandbox/hooks.o,$$($(1)_JUDGE)) $$(patsubst %,$$($(1)_MUTATOR),$$(if $$($(1)_MUTATOR),region))
$$($(1)_OBJ)/fuzz/sandbox/hooks_no_stores.o: $$($(1)_HOST)/fuzz/sandbox/hooks.o
	@mkdir -p $$(@D)
	@objcopy -w -L '__sanitizer_cov_store*' -L '__tsan*write*' $$< $$@
$(BUILD)/$(1)/lost_hooks: $$($(1)_LOST)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/lost_stores: $$($(1)_LOST) $$($(1)_OBJ)/fuzz/sandbox/hooks_no_stores.o
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@

$$($(1)_OBJ)/%_table.o: $(BUILD)/%_table.c
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(HOST) $(4) -c $$< -o $$@
$$($(1)_OBJ)/fuzz/triage/emit_faulty.o: fuzz/triage/emit_faulty.c Makefile $$($(1)_BY)
	@mkdir -p $$(@D)
	@$$(CCACHE) $(2) $(3) $$(PARSER) $(5) $(6) $$($(1)_STORES) -c $$< -o $$@ $$($(1)_OWN)
$(1)_TRIAGE := $$($(1)_OBJ)/fuzz/triage/emit_faulty.o $$($(1)_HOST)/fuzz/triage/emit_faulty_registry.o \
		$$($(1)_HOST)/triage_table.o
$(1)_REGISTERED := $$($(1)_HOST)/parsers/registry.o $$($(1)_HOST)/emit_table.o
$(BUILD)/$(1)/triage/capchain: $$(filter-out $$($(1)_REGISTERED),$$($(1)_CMD) $$($(1)_TEXT) \
		$$($(1)_JUDGE)) $$($(1)_TRIAGE) $$($(1)_KERNEL)
	@mkdir -p $$(@D)
	@$(2) $(3) $(4) $(8) $$^ -lyaml -ljansson $$($(1)_LIBBPF) -o $$@
$(BUILD)/$(1)/triage/fuzz_%_info: $$($(1)_OBJ)/fuzz/target/target_%.o $$($(1)_MAIN) \
		$$(filter-out $$($(1)_REGISTERED),$$($(1)_JUDGE)) $$(filter-out %_table.o,$$($(1)_TRIAGE)) \
		$$($(1)_KERNEL)
	@mkdir -p $$(@D)
	@$$(or $$($(1)_LD),$(2)) $(3) $(4) $(8) $$^ $$($(1)_LIBBPF) -o $$@

# For scripts/fuzz/own.py, which links another's parser: what stands beside it, and how it is compiled.
$(BUILD)/$(1)/own.a: $$($(1)_JUDGE) $$($(1)_HOST)/parsers/bpf/absent.o \
		$(if $(filter -fsanitize=fuzzer,$(8)),$$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o)
	@rm -f $$@ && ar rcs $$@ $$^
$(BUILD)/$(1)/own_command.a: $$($(1)_CMD) $$(filter-out $$($(1)_CAPTURE),$$($(1)_TEXT)) \
		$$($(1)_HOST)/fuzz/capture/capture_absent.o
	@rm -f $$@ && ar rcs $$@ $$^
$(BUILD)/$(1)/own.flags: Makefile
	@mkdir -p $$(@D)
	@printf '%s\n' 'compiler $(2)' 'linker $$(or $$($(1)_LD),$(2))' 'link $(3) $(4) $(8)' \
		'compile $(3) -g -gdwarf-4 -O2 $(5) $(6) $$($(1)_STORES)' 'mains $$($(1)_MAIN)' > $$@
own-$(1): $(BUILD)/$(1)/own.a $(BUILD)/$(1)/own_command.a $(BUILD)/$(1)/own.flags \
		$$($(1)_OBJ)/fuzz/own/register.o
own-$(1)-targets: $(BUILD)/$(1)/own.a $(BUILD)/$(1)/own.flags $$($(1)_OBJ)/fuzz/own/register.o \
		$$($(1)_MAIN) $$(KINDS:%=$$($(1)_OBJ)/fuzz/target/target_%.o) \
		$(if $(filter -fsanitize=fuzzer,$(8)),$$(KINDS:%=$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_%.o))

-include $$(shell find $$($(1)_OBJ) -name '*.d' 2>/dev/null)
endef

kind_of_device := INFO_DEVICE
kind_of_region := INFO_REGION
kind_of_iommu  := INFO_IOMMU
kind_of_fetch  := KIND_FETCH -DTARGET_FETCH=1

# A tool of the same LLVM as the compiler; another one in PATH where it has none.
beside = $(shell $(CLANG) -print-prog-name=$(1))
# The BPF program, and that program with what its proof rests on taken out, for the test.
# Debian's asm/types.h lies where the compiler for this machine finds it, and the one for BPF does not.
BPF_FLAGS  = -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -MMD -MP \
		-I$(patsubst %/asm/types.h,%,$(filter %/asm/types.h,$(shell \
			$(CLANG) -M -include asm/types.h -x c /dev/null)))
bpf_without_walk_without_clamp := -DWITHOUT_CLAMP
bpf_without_walk_without_end   := -DWITHOUT_END
$(BPF_NAMES:%=$(BUILD)/bpf/%.bpf.o): $(BUILD)/bpf/%.bpf.o: parsers/bpf/walk.bpf.c Makefile \
		$(BUILD)/compiler-clang
	@mkdir -p $(@D)
	@$(CLANG) $(BPF_FLAGS) $(bpf_without_$*) -c $< -o $@ && $(call beside,llvm-strip) -g $@
$(BUILD)/bpf/capture.bpf.o: fuzz/capture/capture.bpf.c Makefile $(BUILD)/compiler-clang
	@mkdir -p $(@D)
	@$(CLANG) $(BPF_FLAGS) -D__TARGET_ARCH_$(patsubst x86_64,x86,$(HOST_MACHINE)) -c $< -o $@ && $(call beside,llvm-strip) -g $@
$(BPF_SKELS): %.skel.h: %.bpf.o
	@$(BPFTOOL) gen skeleton $< name $(*F)_bpf > $@.tmp && mv $@.tmp $@
-include $(wildcard $(BUILD)/bpf/*.d)

# The sources of every parser as text, for `capchain emit`.
$(BUILD)/emit_table.c: scripts/gen/amalgamate.py $(HOST_SRC) $(TABLE_SRC) $(PARSER_SRC) \
		$(wildcard parsers/*.h parsers/include/*.h parsers/models/*.h)
	@mkdir -p $(@D)
	@$(PYTHON) $< $@ parsers/registry.h $(HOST_SRC) $(TABLE_SRC) $(PARSER_SRC)
$(BUILD)/triage_table.c: $(BUILD)/emit_table.c $(TRIAGE_PARSER_SRC) fuzz/triage/emit_faulty.h
	@$(PYTHON) scripts/gen/amalgamate.py $@ fuzz/triage/emit_faulty.h $(HOST_SRC) fuzz/triage/emit_faulty.c \
		$(TABLE_SRC) $(PARSER_SRC)

# Their reports name lines: debug information of variables would cost a sixth of the time.
SAN   := -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DHAS_UBSAN=1
SANT  := -fno-omit-frame-pointer -fsanitize=address
# ASan has fake stacks by default from clang 15 and gcc 13 on. A walk that is left by a jump never gives
# its frames back there: the search for a free one made libFuzzer take twenty times as long for 400,000
# execs.
NOFAKE := -fsanitize-address-use-after-return=never
NOFAKE_GCC := --param=asan-use-after-return=0
CLOAD := -fsanitize-coverage=func,trace-loads
FUZZ  := -fsanitize-coverage=inline-8bit-counters,pc-table,trace-loads
AFLOAD := -fsanitize-coverage=trace-pc-guard,trace-loads
AFLCOV := -fsanitize-coverage=trace-pc-guard
# AFL++'s runtime takes clang's own compare call-backs for CmpLog.
CMPLOG := -fsanitize-coverage=trace-pc-guard,trace-cmp,trace-loads,trace-stores
CMPCOV := -fsanitize-coverage=trace-pc-guard,trace-cmp
MSAN   := -g1 -fsanitize=memory -fsanitize-memory-track-origins -fno-sanitize-recover=all
# What targets do under AFL++: truncations, and verdicts as edges.
TARGET_AFL := -DTARGET_TRUNCATES=1 -DFEEDBACK_GUARDS=1
COVER  := -fprofile-instr-generate -fcoverage-mapping

MAIN_FILES := fuzz/target/main_files.o fuzz/target/run_files.o
clang_MAIN      := $(MAIN_FILES:%=$(BUILD)/clang/obj/%)
gcc_MAIN        := $(MAIN_FILES:%=$(BUILD)/gcc/obj/%)
clang-asan_MAIN := $(MAIN_FILES:%=$(BUILD)/clang-asan/obj/%)
gcc-asan_MAIN   := $(MAIN_FILES:%=$(BUILD)/gcc-asan/obj/%)
clang-msan_MAIN := $(MAIN_FILES:%=$(BUILD)/clang-msan/obj/%)
coverage_MAIN   := $(MAIN_FILES:%=$(BUILD)/coverage/obj/%)
clang32_MAIN    := $(MAIN_FILES:%=$(BUILD)/clang32/obj/%)
afl_MAIN        := $(BUILD)/clang/obj/fuzz/target/run_files.o $(BUILD)/afl/afl_main.o
afl_LD          := afl-clang-fast
afl-asan_MAIN   := $(BUILD)/clang-asan/obj/fuzz/target/run_files.o $(BUILD)/afl/afl_main.o
afl-asan_LD     := afl-clang-fast
afl-cmplog_MAIN := $(BUILD)/clang/obj/fuzz/target/run_files.o $(BUILD)/afl/afl_main.o
afl-cmplog_LD   := afl-clang-fast
# MemorySanitizer knows only of stores that it instrumented, so nothing is left out of it.
clang-msan_HOOKSAN := $(MSAN)
afl_LOADS       := $(CLOAD)
libfuzzer_LOADS := $(CLOAD)
libfuzzer-fast_LOADS := $(CLOAD)
libfuzzer_FEED  := $(BUILD)/clang-asan/obj/fuzz/bench/bench_feed.o
libfuzzer-fast_FEED := $(BUILD)/clang/obj/fuzz/bench/bench_feed.o
# These differ from clang's commands in parsers, reference and targets alone.
host_of_libfuzzer      := clang-asan
host_of_libfuzzer-fast := clang
host_of_afl            := clang
host_of_afl-asan       := clang-asan
host_of_afl-cmplog     := clang

$(eval $(call config,clang,$(CLANG),,,,$(CLOAD),,))
$(eval $(call config,gcc,$(GCC),,,,-fsanitize=thread,,))
$(eval $(call config,clang-asan,$(CLANG),,$(SAN) $(NOFAKE),$(SANT) $(NOFAKE),$(CLOAD),,))
$(eval $(call config,gcc-asan,$(GCC),,$(SAN) $(NOFAKE_GCC),,-fsanitize=thread -fno-sanitize=address,,))
$(eval $(call config,clang32,$(CLANG),$(BITS32),,,$(CLOAD),,-no-pie))
$(eval $(call config,libfuzzer,$(CLANG),,$(SAN) $(NOFAKE),$(SANT) $(NOFAKE),$(FUZZ),,-fsanitize=fuzzer,-fsanitize=fuzzer-no-link))
$(eval $(call config,libfuzzer-fast,$(CLANG),,,,$(FUZZ),,-fsanitize=fuzzer,-fsanitize=fuzzer-no-link))
$(eval $(call config,afl,$(CLANG),$(TARGET_AFL),,,$(AFLOAD),,))
$(eval $(call config,afl-asan,$(CLANG),$(TARGET_AFL),$(SAN) $(NOFAKE),$(SANT) $(NOFAKE),$(AFLOAD),$(AFLCOV),))
$(eval $(call config,afl-cmplog,$(CLANG),$(TARGET_AFL),,,$(CMPLOG),$(CMPCOV),))
$(eval $(call config,clang-msan,$(CLANG),,$(MSAN),$(MSAN),$(CLOAD),,))
$(eval $(call config,coverage,$(CLANG),,$(COVER),$(COVER),$(CLOAD),,))

# What scripts/oss-fuzz/targets.sh links, with the compiler and flags of an OSS-Fuzz image, which win
# over ours. OSS_LOADS is what gives its compiler load hooks. The hooks themselves carry no sanitizer
# but MemorySanitizer, which has to see every store. Unsigned wrap-around is defined, and meant where
# it happens; ASan's fake stacks would look like somebody else's memory to a sandbox without an arena.
OSS_FLAGS := $(CFLAGS) -fno-sanitize=unsigned-integer-overflow
OSS_TRUST := $(OSS_FLAGS) -fno-sanitize=undefined
OSS_LOADS ?= $(CLOAD)
OSS_UAR   := $(if $(findstring -fsanitize=address,$(CFLAGS)),$(NOFAKE))
$(eval $(call config,oss-fuzz,$(CC),$(if $(filter -m32,$(CFLAGS)),$(BITS32)),$(OSS_FLAGS),$(OSS_TRUST),$(OSS_UAR) $(OSS_LOADS),,))
$(HOOKS_SRC:%.c=$(BUILD)/oss-fuzz/obj/%.o): HOST += $(filter -fsanitize=memory,$(CFLAGS))

# Only AFL++'s main is compiled by its own compiler, which drops the load hooks without a word;
# `main` itself is not instrumented, or its set-up would count against stability.
$(BUILD)/afl/denylist:
	@mkdir -p $(@D)
	@echo 'fun:main' > $@
$(BUILD)/afl/afl_main.o: fuzz/target/main_afl.c fuzz/target/target.h $(BUILD)/afl/denylist $(BUILD)/compiler-afl
	@AFL_QUIET=1 AFL_LLVM_DENYLIST=$(BUILD)/afl/denylist afl-clang-fast $(filter-out -MMD -MP,$(HOST)) -c $< -o $@

# For the guest, which has no libraries.
$(BUILD)/clang/capchain-static: $(clang_CMD) $(clang_TEXT) $(clang_JUDGE) $(clang_KERNEL)
	@$(CLANG) -static $^ -lyaml -ljansson $(clang_LIBBPF) -lelf -lz -o $@
$(BUILD)/vm/init: scripts/vm/init.c
	@mkdir -p $(@D)
	@$(CLANG) -static $(filter-out -MMD -MP,$(HOST)) $< -o $@
# A 32-bit client for it; vm.py says what is missing where it cannot be built.
$(BUILD)/vm/caller32: scripts/vm/caller.c
	@mkdir -p $(@D)
	@$(CLANG) -m32 -static $(filter-out -MMD -MP,$(HOST)) $< -o $@
# What holds kernel.c to the kernel's own helpers, which vm.py builds and links to it.
$(BUILD)/vm/helper.o: scripts/vm/helper.c Makefile $(BUILD)/compiler-clang
	@mkdir -p $(@D)
	@$(CLANG) $(HOST) -c $< -o $@
-include $(wildcard $(BUILD)/vm/*.d)

# Planted faults where there is no arena: 32-bit, so without cmocka. The hooks of the blind one take every
# address for a global: they have other symbols for where a program's own memory lies.
NO_ARENA := $(BUILD)/clang32/obj/fuzz/sandbox/no_arena.o $(BUILD)/clang32/obj/fuzz/sandbox/faulty.o \
	    $(clang32_JUDGE) $(clang32_KERNEL)
BLIND    := $(BUILD)/clang32/obj/fuzz/sandbox/hooks_blind.o
$(BUILD)/clang32/no_arena: $(NO_ARENA)
	@$(CLANG) -m32 -no-pie $^ -o $@
# The same by gcc, for make check-arch.
$(BUILD)/gcc/no_arena: $(BUILD)/gcc/obj/fuzz/sandbox/no_arena.o $(BUILD)/gcc/obj/fuzz/sandbox/faulty.o \
		$(gcc_JUDGE) $(gcc_KERNEL)
	@$(GCC) -no-pie $^ $(gcc_LIBBPF) -o $@
# It cannot hear stores, and is not meant to.
BLIND_HEARD := $(BUILD)/clang32/obj/fuzz/sandbox/heard_blind.o
$(BLIND_HEARD): $(HEARD_SRC) Makefile
	@mkdir -p $(@D)
	@$(CLANG) -m32 $(PARSER) $(CLOAD) -c $< -o $@
$(BLIND): %_blind.o: %.o
	@objcopy --redefine-sym __start_parsers_own=blind_start --redefine-sym __stop_parsers_own=blind_end $< $@
$(BUILD)/clang32/no_arena_blind: $(filter-out %/sandbox/hooks.o %/sandbox/heard.o,$(NO_ARENA)) $(BLIND) $(BLIND_HEARD)
	@$(CLANG) -m32 -no-pie $^ -Wl,--defsym=blind_start=0,--defsym=blind_end=0xffffffff -o $@

$(BUILD)/clang/bench_lengths: $(BUILD)/clang/obj/fuzz/bench/bench_lengths.o $(clang_JUDGE) $(clang_KERNEL)
	@$(CLANG) $^ $(clang_LIBBPF) -o $@
$(BUILD)/clang/bench_bpf: $(BUILD)/clang/obj/fuzz/bench/bench_bpf.o $(clang_TEXT) $(clang_JUDGE) $(clang_KERNEL)
	@$(CLANG) $^ -lyaml -ljansson $(clang_LIBBPF) -o $@
$(BUILD)/clang/bench_ioctl: $(BUILD)/clang/obj/fuzz/bench/bench_ioctl.o
	@$(CLANG) $^ -o $@
# AFL_CUSTOM_MUTATOR_LIBRARY of each kind: it stands alone and shows AFL++'s names and nothing else.
$(BUILD)/afl/mutator_%.so: fuzz/mutator/mutate_afl.c $(MUTATE_SRC) fuzz/chain/chain.c parsers/layout.c \
		fuzz/mutator/mutate.h fuzz/mutator/mutate_ops.h fuzz/chain/chain.h fuzz/chain/endian.h parsers/layout.h parsers/parser.h Makefile
	@mkdir -p $(@D)
	@$(CLANG) $(filter-out -MMD -MP,$(HOST)) -fPIC -shared -fvisibility=hidden \
		-DMUTATE_KIND=$(kind_of_$*) $(filter %.c,$^) -o $@
SCRIPT_SO := $(SCRIPT_SRC) $(MUTATE_SRC) fuzz/fetch/script_model.c fuzz/fetch/script.c $(PRODUCER_SRC) fuzz/chain/chain.c \
	parsers/layout.c
$(BUILD)/afl/mutator_fetch.so: fuzz/mutator/mutate_afl.c $(SCRIPT_SO) $(wildcard fuzz/mutator/mutate*.h fuzz/fetch/*.h \
		fuzz/producer/*.h) fuzz/chain/chain.h parsers/layout.h parsers/parser.h Makefile
	@mkdir -p $(@D)
	@$(CLANG) $(filter-out -MMD -MP,$(HOST)) -fPIC -shared -fvisibility=hidden \
		-DMUTATE_KIND=$(kind_of_fetch) $(filter %.c,$^) -o $@
MUTATORS := $(KINDS:%=$(BUILD)/afl/mutator_%.so) $(BUILD)/afl/mutator_fetch.so
$(BUILD)/afl/bench_feed.so: fuzz/bench/bench_feed.c
	@mkdir -p $(@D)
	@$(CLANG) $(filter-out -MMD -MP,$(HOST)) -fPIC -shared $< -o $@

# The front door: built by clang where there is one, by gcc otherwise.
FRONT := $(if $(shell command -v $(CLANG) 2>/dev/null),clang,gcc)
$(BUILD)/capchain: $(BUILD)/$(FRONT)/capchain
	@cp $< $@.tmp && mv $@.tmp $@

# Clients of our own for `capchain run`: static, and built one way only, for they are not what is tested.
SELF := $(addprefix $(BUILD)/client/,self walker walker-dynamic walker-bounded fence.so refuse)
$(BUILD)/client/%: fuzz/client/self/%.c fuzz/client/self/open.h Makefile
	@mkdir -p $(@D)
	@$(or $(call has,$(CLANG),$(CLANG)),$(GCC)) $(filter-out -MMD -MP,$(HOST)) -static -pthread $< -o $@
$(BUILD)/client/walker-bounded: fuzz/client/self/walker.c fuzz/client/self/open.h parsers/include/bounded.h Makefile
	@mkdir -p $(@D)
	@$(or $(call has,$(CLANG),$(CLANG)),$(GCC)) $(filter-out -MMD -MP,$(HOST)) -DBOUNDED -static $< -o $@
$(BUILD)/client/refuse: fuzz/sandbox/refuse.h
# A preloaded library needs something to be loaded into.
$(BUILD)/client/walker-dynamic: fuzz/client/self/walker.c fuzz/client/self/open.h Makefile
	@mkdir -p $(@D)
	@$(or $(call has,$(CLANG),$(CLANG)),$(GCC)) $(filter-out -MMD -MP,$(HOST)) $< -o $@
$(BUILD)/client/fence.so: fuzz/client/self/fence.c Makefile
	@mkdir -p $(@D)
	@$(or $(call has,$(CLANG),$(CLANG)),$(GCC)) $(filter-out -MMD -MP,$(HOST)) -fno-builtin -fPIC -shared $< -o $@

# For those who build elsewhere: one object that shows its contract and nothing else.
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
LIB     := $(BUILD)/lib
LIB_OBJ := $($(FRONT)_JUDGE) $(BUILD)/$(FRONT)/obj/parsers/bpf/absent.o $(addprefix $(BUILD)/$(FRONT)/obj/fuzz/own/,register.o kind.o target.o)
SHOWN   := LLVMFuzzer* walk_deliver walk_alloc walk_copy_in layout_* capchain_* __sanitizer_cov_* __tsan_* \
	   __asan_on_error __ubsan_on_report
$(LIB)/libcapchain-fuzz.a: $(LIB_OBJ) Makefile
	@mkdir -p $(@D)
	@ld -r --force-group-allocation -o $(LIB)/whole.o $(LIB_OBJ)
	@objcopy -w $(SHOWN:%=--keep-global-symbol='%') $(LIB)/whole.o $(LIB)/capchain-fuzz.o
	@rm -f $@ && ar rcs $@ $(LIB)/capchain-fuzz.o
$(LIB)/libcapchain-fuzz-main.a: $($(FRONT)_MAIN) $(BUILD)/$(FRONT)/obj/fuzz/target/file.o
	@mkdir -p $(@D)
	@rm -f $@ && ar rcs $@ $^
$(LIB)/capchain-fuzz.pc: parsers/own/capchain-fuzz.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' $< > $@.tmp && mv $@.tmp $@

# What can be built here. Without a compiler or engine the rest is checked, and check.sh says so.
has      = $(if $(shell command -v $(1) 2>/dev/null),$(2))
COMMANDS := $(call has,$(CLANG),clang clang-asan) $(call has,$(GCC),gcc gcc-asan)
ENGINES  := $(call has,$(CLANG),libfuzzer libfuzzer-fast $(call has,afl-clang-fast,afl))
TESTS    := $(filter-out $(if $(CAN_BPF),,parsers/bpf_test),$(patsubst fuzz/%.c,%,$(TEST_SRC)))
EQUAL    := $(foreach c,$(filter-out %-asan,$(COMMANDS)),$(BUILD)/$(c)/equal)
# Each compiler, and each run-time that may bring hooks of its own.
DEAF     := clang gcc libfuzzer afl
# What engines' builds have to show too.
SANDBOX_TESTS := $(filter sandbox/%,$(TESTS))
CHECKED  := $(foreach c,$(COMMANDS),$(BUILD)/$(c)/capchain $(TESTS:%=$(BUILD)/$(c)/test/%)) \
	    $(foreach c,$(ENGINES),$(SANDBOX_TESTS:%=$(BUILD)/$(c)/test/%)) \
	    $(foreach c,$(filter-out gcc-asan,$(COMMANDS)) $(ENGINES),$(TARGETS:%=$(BUILD)/$(c)/%)) \
	    $(if $(filter afl,$(ENGINES)),$(MUTATORS) $(BUILD)/afl/bench_feed.so) $(BUILD)/capchain \
	    $(BUILD)/$(FRONT)/conformance $(SELF) \
	    $(if $(filter libfuzzer,$(ENGINES)),$(BUILD)/libfuzzer/planted_fetch) \
	    $(EQUAL) \
	    $(foreach c,$(filter $(DEAF),$(COMMANDS) $(ENGINES)),$(BUILD)/$(c)/lost_hooks $(BUILD)/$(c)/lost_stores)
# Built where 32-bit C headers are.
CHECKED32 := $(TARGETS:%=$(BUILD)/clang32/%) $(BUILD)/clang32/equal $(BUILD)/clang32/no_arena $(BUILD)/clang32/no_arena_blind

.PHONY: FORCE check-arch equal check-systems clients setup-clients vm check-vm lib install help all setup-check setup-fuzz fuzz check conformance exhaust3 configs built built32 bench coverage nightly nightly-built check-nightly soak uapi policy fetch-table fetch-planted format clean bench-bugs mutants

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo 'Variables: KIND=device|region|iommu|fetch|all ENGINE=libfuzzer|afl SECONDS= JOBS= FINDINGS= for fuzz;'
	@echo 'PARSER=FILE PARSER_CFLAGS= PARSER_LIBS= fuzz a parser of yours: see parsers/own/README.md;'
	@echo 'HOURS= or SECONDS=, JOBS= KIND= SEED= NIGHT=DIR for nightly; INPUTS= HTML= for coverage;'
	@echo 'SECONDS= JOBS= for soak; HDR= for uapi; BLESS=1 JSON=FILE CLIENT=NAME JOBS= for clients;'
	@echo 'SYSTEM= MIRROR=URL APT_CONF=FILE for check-systems; CC= another clang or gcc; SETUP=0 installs nothing.'

all: $(BUILD)/capchain ## build/capchain, what a plain `make` builds

setup-check:
	@scripts/setup.sh check
setup-clients:
	@scripts/setup.sh clients
setup-fuzz:
	@ENGINE=$(ENGINE) scripts/setup.sh fuzz

# needs PROGRAM...: one line and status 3 where one of them is missing.
needs = $(foreach p,$(1),command -v $(p) >/dev/null || { echo >&2 \
	"make $@ needs $(p), which is not here: install it (scripts/setup.sh names packages)"; exit 3; };)

# KIND, SECONDS and JOBS go to fuzz.py as they are. Under a shell, SECONDS may be one of its own.
KIND    ?= all
ENGINE  ?= libfuzzer
fuzz: SECONDS := $(if $(filter command% environment,$(origin SECONDS)),$(SECONDS),60)
ifeq ($(filter $(KIND),$(KINDS) fetch all),)
$(error KIND=$(KIND): say device, region, iommu, fetch or all)
endif
ifeq ($(filter $(ENGINE),libfuzzer afl),)
$(error ENGINE=$(ENGINE): say libfuzzer or afl)
endif
fuzz: | setup-fuzz ## fuzz all kinds for SECONDS=60 in all, from the corpus
	@$(call needs,$(CLANG) $(if $(filter afl,$(ENGINE)),afl-clang-fast afl-fuzz))
ifneq ($(OWN_PARSER),)
	@$(if $(filter afl,$(ENGINE)),$(MAKE) -s --no-print-directory $(KINDS:%=$(BUILD)/afl/mutator_%.so))
	@own=$$($(PYTHON) scripts/fuzz/own.py --engine $(ENGINE) --build $(BUILD) -- "$$OWN_PARSER") && \
	$(PYTHON) scripts/fuzz/fuzz.py --kind $(KIND:all=buffers) --seconds $(SECONDS) --engine $(ENGINE) $(if $(JOBS),--jobs $(JOBS)) \
		--corpus corpus --work "$$own/fuzz" --findings '$(or $(FINDINGS),$(BUILD)/findings)' --capchain "$$own/capchain" \
		--targets "$$own/$(ENGINE)" --mutators $(BUILD)/afl
else
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain \
		$(foreach k,$(if $(filter all,$(KIND)),$(KINDS) fetch,$(KIND)),$(if $(filter afl,$(ENGINE)),\
			$(BUILD)/afl/$(call fuzzes,$(k)) $(BUILD)/afl/mutator_$(k).so, \
			$(BUILD)/libfuzzer/$(call fuzzes,$(k))))
	@$(PYTHON) scripts/fuzz/fuzz.py --kind $(KIND) --seconds $(SECONDS) --engine $(ENGINE) $(if $(JOBS),--jobs $(JOBS)) \
		--corpus corpus --work $(BUILD)/fuzz --findings '$(or $(FINDINGS),$(BUILD)/findings)' --capchain $(BUILD)/capchain \
		--targets $(BUILD)/$(if $(filter afl,$(ENGINE)),afl,libfuzzer) --mutators $(BUILD)/afl
endif

check: | setup-check ## every test, the corpus in every build, formatting, warnings
	@scripts/test/check.sh

equal: | setup-check ## the same verdicts of 20,000 random buffers in every build, at every level of optimisation
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain $(EQUAL)
	@if ! echo 'int main(void) { return 0; }' | $(CLANG) -m32 -include stdio.h -x c - -o $(BUILD)/m32 2>/dev/null; then \
		echo 'skipped clang32: no 32-bit libc to build with (Debian package gcc-multilib)'; \
	elif scripts/test/i386.sh >/dev/null; then $(MAKE) -s --no-print-directory $(BUILD)/clang32/equal; fi
	@scripts/test/equal.sh --levels

conformance: $(BUILD)/$(FRONT)/conformance ## every producer model against the replies that real kernels wrote
	@$< corpus/captured

lib: $(LIB)/libcapchain-fuzz.a $(LIB)/libcapchain-fuzz-main.a $(LIB)/capchain-fuzz.pc ## libcapchain-fuzz.a, to fuzz your parser from your own build

install: lib ## that library, its headers and pkg-config file: PREFIX=/usr/local DESTDIR=
	@install -d '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(PREFIX)/include/capchain' '$(DESTDIR)$(PREFIX)/share/capchain'
	@install -m 644 $(LIB)/libcapchain-fuzz.a $(LIB)/libcapchain-fuzz-main.a '$(DESTDIR)$(LIBDIR)'
	@install -m 644 $(LIB)/capchain-fuzz.pc '$(DESTDIR)$(LIBDIR)/pkgconfig'
	@install -m 644 parsers/parser.h parsers/layout.h '$(DESTDIR)$(PREFIX)/include/capchain'
	@install -m 644 fuzz/sandbox/heap.syms parsers/own/template.c parsers/own/template.rs parsers/own/capchain.rs \
		corpus/vfio.dict '$(DESTDIR)$(PREFIX)/share/capchain'

configs:
	@echo $(COMMANDS) / $(ENGINES)
built: $(CHECKED) ## every target and test, in every build there is a compiler for
built32: $(CHECKED32)
built: $(TRIAGE_CHECKED)

# The objects of each target, one line a target: name, then objects.
.PHONY: oss-fuzz-objects check-oss-fuzz
oss_of = $(BUILD)/oss-fuzz/obj/fuzz/target/target_$(1).o $(BUILD)/oss-fuzz/obj/fuzz/mutator/mutate_libfuzzer_$(1).o \
	$(oss-fuzz_JUDGE) $(oss-fuzz_KERNEL) $(oss-fuzz_MUTATE) $(BUILD)/oss-fuzz/obj/fuzz/chain/chain.o
oss_fetch = $(BUILD)/oss-fuzz/obj/fuzz/target/target_fetch.o $(BUILD)/oss-fuzz/obj/fuzz/mutator/mutate_libfuzzer_fetch.o \
	$(oss-fuzz_FETCH) $(oss-fuzz_JUDGE) $(oss-fuzz_KERNEL) $(oss-fuzz_SCRIPT) $(oss-fuzz_MUTATE) \
	$(BUILD)/oss-fuzz/obj/fuzz/chain/chain.o
oss-fuzz-objects: $(foreach k,$(KINDS),$(call oss_of,$(k))) $(oss_fetch)
	@$(foreach k,$(KINDS),echo fuzz_$(k)_info $(call oss_of,$(k));)
	@echo fuzz_fetch $(oss_fetch)

vm: | setup-check ## Debian's kernels 6.1 and 6.12 in QEMU, swept by probe: KEEP=DIR for the replies
	@$(call needs,$(CLANG) qemu-system-x86_64 dpkg-deb apt-get)
	@$(MAKE) -s --no-print-directory $(BUILD)/clang/capchain-static $(BUILD)/clang/conformance $(BUILD)/vm/init \
		$(BUILD)/vm/helper.o own-clang
	@$(MAKE) -s --no-print-directory $(BUILD)/vm/caller32 2>/dev/null || rm -f $(BUILD)/vm/caller32
	@$(PYTHON) scripts/vm/vm.py $(if $(KEEP),--keep $(KEEP))
check-vm: vm ## the same: every check in the guests

check-oss-fuzz: | setup-check ## every OSS-Fuzz build, held to OSS-Fuzz's own checks, without docker
	@$(PYTHON) scripts/oss-fuzz/check.py
	@$(PYTHON) scripts/oss-fuzz/check_test.py
check-arch: ## arm64, s390x and i386 under qemu-user: MACHINE=arm64 alone, ROOTS=DIR... to take a newer qemu from
	@$(PYTHON) scripts/test/arch.py $(ROOTS:%=--root %) $(MACHINE)
check-systems: ## both commands on Debian 12, 13 and sid, as root: SYSTEM= MIRROR=URL APT_CONF=FILE
	@$(PYTHON) scripts/test/systems.py $(if $(MIRROR),--mirror '$(MIRROR)') $(if $(APT_CONF),--apt-conf '$(APT_CONF)') $(SYSTEM)
exhaust3: | setup-check ## every chain of up to 3 capabilities, KIND= JOBS=: 450 million buffers
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain
	@$(BUILD)/capchain exhaust --caps 3 $(if $(filter all,$(KIND)),,--kind $(KIND)) $(if $(JOBS),--jobs $(JOBS))

bench: | setup-check ## speed, as ratios of one run, each with its floor
	@$(call needs,$(CLANG) afl-clang-fast afl-fuzz)
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain $(BUILD)/clang/bench_lengths $(if $(CAN_BPF),$(BUILD)/clang/bench_bpf $(BUILD)/clang/bench_ioctl) $(BUILD)/afl/bench_feed.so \
		$(foreach c,libfuzzer libfuzzer-fast afl,$(BUILD)/$(c)/bench_empty $(BUILD)/$(c)/bench_fetch $(KINDS:%=$(BUILD)/$(c)/bench_%_info))
	@$(PYTHON) scripts/bench/bench.py

bench-bugs: | setup-check ## execs to find each planted bug, ours against the engines' own: TRIALS=10 EXECS=2000000 RESUME=1
	@$(call needs,$(CLANG) afl-clang-fast afl-fuzz)
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain $(foreach c,libfuzzer-fast afl,$(KINDS:%=$(BUILD)/$(c)/planted_%_info)) \
		$(foreach c,libfuzzer-fast libfuzzer,$(KINDS:%=$(BUILD)/$(c)/fuzz_%_info)) $(KINDS:%=$(BUILD)/afl/mutator_%.so)
	@$(PYTHON) scripts/bench/bugs.py $(if $(TRIALS),--trials $(TRIALS)) $(if $(EXECS),--execs $(EXECS)) $(if $(JOBS),--jobs $(JOBS)) $(if $(RESUME),--resume)

mutants: | setup-check ## mutation analysis of bounded.h, spec.c and the models: ONLY=REGEX EXECS=200000 of each survivor
	@$(call needs,$(CLANG))
	@$(MAKE) -s --no-print-directory $(BUILD)/clang/capchain $(BUILD)/clang/test/parsers/bounded_test $(KINDS:%=$(BUILD)/libfuzzer-fast/fuzz_%_info)
	@$(PYTHON) scripts/test/mutants.py $(if $(EXECS),--execs $(EXECS)) $(if $(JOBS),--jobs $(JOBS)) $(if $(ONLY),--only '$(ONLY)')

# Left out: the budgets of the first two count the loads of coverage counters too, the third wants sanitizers.
COVERED := $(filter-out parsers/bpf_test sandbox/sandbox_test sandbox/open_test sandbox/report_test,$(TESTS))
# Everything that a night runs; `make nightly` builds it itself, so that a broken build has its reason.
NIGHT_AFL := afl afl-asan afl-cmplog
nightly-built: $(BUILD)/capchain $(MUTATORS) $(foreach c,libfuzzer $(NIGHT_AFL) clang clang-asan clang-msan coverage, \
		$(TARGETS:%=$(BUILD)/$(c)/%)) \
	$(foreach c,libfuzzer afl,$(KINDS:%=$(BUILD)/$(c)/planted_%_info) $(BUILD)/$(c)/planted_fetch) \
	$(foreach c,afl-asan clang-asan clang-msan,$(BUILD)/$(c)/planted_region_info) \
	$(foreach c,libfuzzer afl afl-asan,$(BUILD)/$(c)/empty_info) \
	$(foreach c,libfuzzer $(NIGHT_AFL) clang clang-asan,$(BUILD)/$(c)/test/sandbox/sandbox_test)

nightly: SECONDS := $(if $(filter command% environment,$(origin SECONDS)),$(SECONDS))
nightly: | setup-check ## both engines over every kind for HOURS=8 or SECONDS=, then all that follows
	@$(PYTHON) scripts/nightly/nightly.py --kind $(KIND) $(if $(SECONDS),--seconds $(SECONDS),$(if $(HOURS),--hours $(HOURS))) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(SEED),--seed $(SEED)) --work '$(or $(NIGHT),$(BUILD)/nightly)'

coverage: | setup-check ## line and branch coverage; bounded.h and spec.c have to be whole
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain $(TARGETS:%=$(BUILD)/coverage/%) \
		$(COVERED:%=$(BUILD)/coverage/test/%)
	@$(PYTHON) scripts/test/coverage.py $(if $(INPUTS),--inputs '$(INPUTS)') $(if $(HTML),--html '$(HTML)')

check-nightly: | setup-check ## the build broken in five ways, and a night killed ten times: minutes
	@$(MAKE) -s --no-print-directory nightly-built
	@KILLS=10 $(PYTHON) scripts/nightly/nightly_test.py Whole
	@$(PYTHON) scripts/nightly/breakages.py

soak: SECONDS := $(if $(filter command% environment,$(origin SECONDS)),$(SECONDS),600)
soak: | setup-check ## SECONDS=600 of each kind in each engine: no crash, stable, no growth
	@$(call needs,$(CLANG) afl-clang-fast afl-fuzz)
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain \
		$(foreach c,libfuzzer $(NIGHT_AFL),$(TARGETS:%=$(BUILD)/$(c)/%))
	@$(PYTHON) scripts/fuzz/soak.py --seconds $(SECONDS) $(if $(JOBS),--jobs $(JOBS))

# Debian's VFIO programs are half a gigabyte, so `make check` does without them.
clients: | setup-clients ## Debian's VFIO programs, unmodified, on the regression corpus; BLESS=1, JSON=FILE, CLIENT=
	@$(MAKE) -s --no-print-directory $(BUILD)/capchain $(SELF)
	@$(PYTHON) scripts/clients/clients.py $(if $(BLESS),--bless) $(if $(JSON),--json $(JSON)) $(if $(JOBS),--jobs $(JOBS)) \
		$(CLIENT:%=--client %) $(BUILD)/capchain corpus

uapi: ## compare layout.h with another vfio.h: make uapi HDR=FILE
	@$(if $(HDR),,$(error say which header: make uapi HDR=FILE))
	@$(PYTHON) scripts/gen/uapi.py --layout parsers/layout.h $(HDR)

policy: $(BUILD)/capchain ## parsers/models/POLICY.md anew, from the judge's outcomes
	@$(PYTHON) scripts/gen/policy.py $< corpus parsers/models/POLICY.md

format: ## clang-format in place
	@git ls-files --cached --others --exclude-standard '*.[ch]' | xargs clang-format -i

fetch-planted: $(BUILD)/libfuzzer/planted_fetch ## the six planted fetch loops, each found by libFuzzer; TRIALS= compares mutators
	@$(PYTHON) scripts/fuzz/fetch_planted.py $(if $(TRIALS),--trials $(TRIALS)) $<

fetch-table: $(BUILD)/capchain ## every fetch loop against scripted producers: how each conversation ends
	@$< list --fetch

clean: ## remove build/, but for what was found: build/findings and build/nightly
	@[ ! -e $(BUILD) ] || find -H $(BUILD) -mindepth 1 -maxdepth 1 ! -name findings ! -name nightly -exec rm -rf {} +
	@for found in $(wildcard $(BUILD)/findings $(BUILD)/nightly); do echo "kept: $$found"; done
	@[ ! -d $(BUILD) ] || rmdir --ignore-fail-on-non-empty $(BUILD)
