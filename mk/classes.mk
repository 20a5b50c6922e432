# How a source is compiled: each has a class, and a class is a command. All of a configuration's commands
# stand in $(BUILD)/NAME/flags, which is written anew when one of them changes, and only then: its objects
# depend on that file, and not on what these files say besides.

$(foreach f,$(TABLE_SRC),$(eval class.$(f) := table))
$(foreach f,$(HOOKS_SRC),$(eval class.$(f) := hooks))
$(foreach f,$(BUG_SRC) $(HARDENED_LOOPS),$(eval class.$(f) := sanitized))
$(foreach f,$(filter-out $(HARDENED_LOOPS),$(FETCH_LOOP_SRC) $(FETCH_BUG_SRC)),$(eval class.$(f) := loose))
$(foreach f,$(ASIDE_SRC),$(eval class.$(f) := aside))
$(foreach f,$(filter-out $(LONG_TESTS),$(TEST_SRC)),$(eval class.$(f) := brief))
$(foreach f,$(SPEC_SRC),$(eval class.$(f) := spec))
class.$(HEARD_SRC) := heard
class.$(FEEDBACK_SRC) := feedback
class.$(BPF_SRC) := hardened
class.parsers/bpf/load.c := skeleton
class.parsers/bpf/absent.c := host
class.fuzz/capture/capture_load.c := skeleton
class.fuzz/parsers/bpf_test.c := skeleton
class.fuzz/sandbox/faulty.c := loose
class.fuzz/triage/emit_faulty.c := loose
class.fuzz/triage/emit_faulty_hardened.c := loose
class.fuzz/bench/bench_empty.c := bare
# Of parsers their text says it. Only what asks for scratch memory can store into it: there the hooks hear
# stores too.
says = $(findstring $(1),$(file <$(2)))
class_of_parser = $(if $(call says,INFO_HARDENED,$(1)),hardened,$(if \
	$(strip $(foreach w,walk_alloc model_copy "dpdk.h" sorted.h qemu-areas.h,$(call says,$(w),$(1)))),storing,trusting))
class_of = $(or $(class.$(1)),$(if $(filter parsers/%,$(1)),$(class_of_parser),host))

# The command of each class, for the configuration $(1).
CLASSES := host aside brief table hooks feedback spec skeleton trusting storing hardened heard sanitized loose bare
base        = $($(1)_CC) $($(1)_BASE)
loads       = $(or $($(1)_LOADS),$($(1)_HOOKS))
stores      = $(if $(findstring trace-loads,$($(1)_HOOKS)),-fsanitize-coverage=trace-stores)
# Whether HOOKS gives hooks. A file of flags has those of loads; stores would want theirs beside them.
meant       = $(if $(findstring trace-loads,$($(1)_HOOKS))$(findstring thread,$($(1)_HOOKS)), \
		-DLOADS_MEANT=true -DSTORES_MEANT=true,$(if $(findstring --config,$($(1)_HOOKS)),-DLOADS_MEANT=true))
ours        = $(base) $(HOST) $($(1)_LEVEL) $($(1)_SAN)
as.host     = $(ours) $($(1)_TARGET)
as.aside    = $(ours) $($(1)_ASIDE)
as.brief    = $(base) $(HOST) -O0 $($(1)_SAN)
as.table    = $(ours)
as.spec     = $(ours) $($(1)_REFERENCE)
as.skeleton = $(base) $(HOST) -isystem $(BUILD)/bpf $($(1)_SAN)
# Never inlined into who calls them: the edge of what a walk gives up is their own frame.
as.hooks    = $(base) $(HOST) $($(1)_HOOKSAN) -fno-lto
as.feedback = $(as.hooks) $($(1)_TARGET)
as.trusting = $(base) $(READER) $($(1)_TRUST) $(loads)
as.storing  = $(as.trusting) $(stores)
as.hardened = $(base) $(READER) $($(1)_SAN) $($(1)_HOOKS) $(LEVEL)
as.sanitized = $(base) $(READER) $($(1)_SAN) $($(1)_HOOKS) $(stores)
as.loose    = $(base) $(READER) $($(1)_TRUST) $($(1)_HOOKS) $(stores)
as.heard    = $(as.loose) $(meant)
as.bare     = $(base) $(READER) $($(1)_SAN) $($(1)_HOOKS)
# Where no arena tells, a wild offset may land in any global of a program: the data that parsers may load
# have a section of their own.
OWN_DATA := table trusting storing hardened sanitized loose heard
own_data = objcopy $$(readelf -SW $(1) | sed -nE \
	's/^ *\[ *[0-9]+\] (\.(rodata|data|bss)[^ ]*) .*/--rename-section \1=parsers_own,alloc,load,data,contents/p') $(1)

# The first six lines are also for scripts/fuzz/own.py, which links another's parser.
define flags_text
compiler $($(1)_CC)
linker $(or $($(1)_LD),$($(1)_CC))
link $($(1)_BASE) $($(1)_SAN) $($(1)_LINK)
compile $($(1)_BASE) -g -gdwarf-4 -O2 $($(1)_TRUST) $($(1)_HOOKS) $(stores)
mains $($(1)_MAIN)
kinds $(KINDS)
tests $($(1)_TESTLINK)
$(foreach c,$(CLASSES),
$(c) $(strip $(as.$(c))))
$(if $(call is_i386,$($(1)_CC),$($(1)_BASE)),own-data $(OWN_DATA))
of $(strip $(foreach f,$(SPEC_SRC) $(HOOKS_SRC) $(TABLE_SRC) $(HEARD_SRC) $(HARDENED_LOOPS),$(f)=$(class.$(f))))
endef
differ = $(subst x$(1),,x$(2))$(subst x$(2),,x$(1))
# It appears whole: another make, with another compiler, may read it or write its own.
our_pid := $(shell echo $$PPID)
write_flags = $(shell mkdir -p $(BUILD)/$(1))$(file >$(BUILD)/$(1)/flags.$(our_pid),$(call \
	flags_text,$(1)))$(shell mv $(BUILD)/$(1)/flags.$(our_pid) $(BUILD)/$(1)/flags)
# Nothing is written under `make -n`.
$(foreach c,$(if $(DRY),,$(USED)),$(if \
	$(call differ,$(file <$(BUILD)/$(c)/flags),$(call flags_text,$(c))),$(call write_flags,$(c))))
# After `make clean` in the same run.
$(CONFIGS:%=$(BUILD)/%/flags): $(BUILD)/%/flags:
	@:$(call write_flags,$*)
