# What each configuration builds: objects, archives, programs. $(1) is its name.

# That of the target, made once a run and by no process of its own for each object.
folder = $(if $(DRY)$(made.$(@D)),,$(eval made.$(@D) := yes)$(shell mkdir -p $(@D)))
# compile CONFIG,CLASS,FLAGS
define compile
$(call say,CC,$(1) $<)$(folder)
$(Q)$(CCACHE) $(call as.$(2),$(1)) $(3) -c $< -o $@$(if $(and $(filter $(2),$(OWN_DATA)), \
	$(call is_i386,$($(1)_CC),$($(1)_BASE))), && $(call own_data,$@))
endef
# link_with LINKER,CONFIG,FLAGS,LIBS
define link_with
$(call say,LD,$(2) $(patsubst $(BUILD)/$(2)/%,%,$@))$(folder)
$(Q)$(1) $(if $(filter gcc% afl%,$(2)),,$(LLD)) $($(2)_BASE) $($(2)_SAN) $(3) $^ $(4) $(if $(filter $($(2)_KERNEL),$^),$($(2)_LIBBPF)) -o $@
endef
# A target or a test may have an engine's linker, the command never.
link_target  = $(call link_with,$(or $($(1)_LD),$($(1)_CC)),$(1),$($(1)_LINK))
link_test    = $(call link_with,$(or $($(1)_LD),$($(1)_CC)),$(1),$($(1)_TESTLINK),-lcmocka -lyaml -ljansson)
link_command = $(call link_with,$($(1)_CC),$(1),$($(1)_LINK),$(2))
define archive
$(call say,AR,$(patsubst $(BUILD)/%,%,$@))$(Q)mkdir -p $(@D)
$(Q)rm -f $@ && $(AR) rcs $@ $^
endef
AR := ar

define config
$(1)_OBJ     := $(BUILD)/$(1)/obj
$(1)_HOST    := $(BUILD)/$(or $($(1)_HOST_OF),$(1))/obj
$(1)_AWARE   := $(BUILD)/$(or $($(1)_AWARE_OF),$($(1)_HOST_OF),$(1))/obj
$(1)_DEPENDS := $(BUILD)/$(1)/flags $(BUILD)/compiler-$(if $(filter gcc%,$(1)),gcc,clang)
$(1)_BPF     := $$(if $$(CAN_BPF),$$(filter $(1),$$(BPF_BUILDS)))
$(1)_KERNEL  := $$($(1)_HOST)/parsers/bpf/$$(if $$($(1)_BPF),load,absent).o
$(1)_CAPTURE := $$($(1)_HOST)/fuzz/capture/capture_$$(if $$($(1)_BPF),load,absent).o
$(1)_LIBBPF  := $$(if $$($(1)_BPF),-lbpf)

$$($(1)_OBJ)/%.o: %.c $$($(1)_DEPENDS)
	$$(call compile,$(1),$$(call class_of,$$<))
$$($(1)_OBJ)/%_table.o: $(BUILD)/%_table.c $$($(1)_DEPENDS)
	$$(call compile,$(1),host)
$$($(1)_OBJ)/fuzz/target/target_%.o: fuzz/target/target.c $$($(1)_DEPENDS)
	$$(call compile,$(1),host,-DTARGET_KIND=$$(kind_of_$$*))
$$($(1)_OBJ)/fuzz/target/target_planted_%.o: fuzz/target/target.c $$($(1)_DEPENDS)
	$$(call compile,$(1),host,-DTARGET_PLANTED=1 -DTARGET_KIND=$$(kind_of_$$*))
$$($(1)_OBJ)/fuzz/own/target.o: fuzz/target/target.c $$($(1)_DEPENDS)
	$$(call compile,$(1),host,-include fuzz/own/kind.h '-DTARGET_KIND=(own_kind())')
$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_%.o: fuzz/mutator/mutate_libfuzzer.c $$($(1)_DEPENDS)
	$$(call compile,$(1),host,-DMUTATE_KIND=$$(kind_of_$$*))
$$($(1)_OBJ)/parsers/bpf/load.o: $(BUILD)/bpf/walk.skel.h
$$($(1)_OBJ)/fuzz/capture/capture_load.o: $(BUILD)/bpf/capture.skel.h
$$($(1)_OBJ)/fuzz/parsers/bpf_test.o: $(BPF_NAMES:%=$(BUILD)/bpf/%.skel.h)

$(1)_JUDGE := $$(addprefix $$($(1)_HOST)/,$$(patsubst %.c,%.o,$$(filter-out $$(AWARE_SRC),$$(TABLE_SRC) \
		$$(SANDBOX_SRC) $$(HOOKS_SRC) $$(JUDGE_SRC))) ledger_table.o) $$(AWARE_SRC:%.c=$$($(1)_AWARE)/%.o) \
	$$(addprefix $$($(1)_OBJ)/,$$(patsubst %.c,%.o,$$(PARSER_SRC) $$(HEARD_SRC) $$(BPF_SRC) $$(SPEC_SRC) \
		$$(FEEDBACK_SRC)))
# Faults for sanitizers are compiled as what is under test, or they prove another build's.
$(1)_PLANTED  := $$(PLANT_SRC:%.c=$$($(1)_HOST)/%.o) $$(addprefix $$($(1)_OBJ)/,$$(patsubst %.c,%.o,$$(FAULT_SRC) $$(BUG_SRC)))
$(1)_PRODUCER := $$(PRODUCER_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_MUTATE   := $$(MUTATE_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_SCRIPT     := $$(SCRIPT_SRC:%.c=$$($(1)_HOST)/%.o)
# What a libFuzzer target links to mutate; in its first object % is the kind.
$(1)_MUTATOR := $(if $(filter -fsanitize=fuzzer,$($(1)_LINK)),$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_%.o \
		$$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o)
$(1)_FETCH_MUTATOR := $$(if $$($(1)_MUTATOR),$$(patsubst %,$$($(1)_MUTATOR),fetch) $$($(1)_SCRIPT))
$(1)_CMD      := $$(CMD_SRC:%.c=$$($(1)_HOST)/%.o) $$($(1)_MUTATE) $$($(1)_SCRIPT)
$(1)_FETCH    := $$(FETCH_SRC:%.c=$$($(1)_HOST)/%.o) $$($(1)_PRODUCER) $$(FETCH_LOOP_SRC:%.c=$$($(1)_OBJ)/%.o)
$(1)_FETCH_BUGS := $$(FETCH_BUG_SRC:%.c=$$($(1)_OBJ)/%.o) $$(MARKS_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_CONFORM  := $$(CONFORM_SRC:%.c=$$($(1)_HOST)/%.o)
$(1)_TEXT     := $$(TEXT_SRC:%.c=$$($(1)_HOST)/%.o) $$($(1)_PRODUCER) $$($(1)_HOST)/emit_table.o \
	$$($(1)_FETCH) $$($(1)_CAPTURE)

$(BUILD)/$(1)/capchain: $$($(1)_CMD) $$($(1)_TEXT) $$($(1)_JUDGE) $$($(1)_KERNEL)
	$$(call link_command,$(1),-lyaml -ljansson)
$(BUILD)/$(1)/fuzz_fetch: $$($(1)_OBJ)/fuzz/target/target_fetch.o $$($(1)_MAIN) $$($(1)_FETCH) $$($(1)_JUDGE) \
		$$($(1)_KERNEL) $$($(1)_FETCH_MUTATOR)
	$$(call link_target,$(1))
$(BUILD)/$(1)/planted_fetch: $$($(1)_OBJ)/fuzz/target/target_planted_fetch.o $$($(1)_MAIN) \
		$$($(1)_OBJ)/fuzz/planted/fetch_loops/fetch_bugs.o $$($(1)_HOST)/fuzz/planted/marks.o $$($(1)_FETCH) \
		$$($(1)_JUDGE) $$($(1)_KERNEL) $$($(1)_FETCH_MUTATOR)
	$$(call link_target,$(1))
$(BUILD)/$(1)/fuzz_%_info: $$($(1)_OBJ)/fuzz/target/target_%.o $$($(1)_MAIN) $$($(1)_JUDGE) $$($(1)_KERNEL) \
		$$($(1)_MUTATOR)
	$$(call link_target,$(1))
$(BUILD)/$(1)/planted_%_info: $$($(1)_OBJ)/fuzz/target/target_planted_%.o $$($(1)_MAIN) $$($(1)_JUDGE) \
		$$($(1)_PLANTED) $$($(1)_KERNEL) $$($(1)_MUTATOR)
	$$(call link_target,$(1))
$(BUILD)/$(1)/conformance: $$($(1)_HOST)/fuzz/producer/conformance.o $$($(1)_CONFORM) \
		$$($(1)_PRODUCER) $$($(1)_HOST)/parsers/layout.o
	$$(call link_command,$(1))

# A test links what it tests: the objects of the command, and of these more.
$(BUILD)/$(1)/test/fetch/fetch_test: $$($(1)_FETCH_BUGS)
$(BUILD)/$(1)/test/planted/planted_test: $$($(1)_PLANTED)
$(BUILD)/$(1)/test/mutator/mutate_test: $$($(1)_MUTATE)
$(BUILD)/$(1)/test/mutator/mutate_script_test: $$($(1)_SCRIPT) $$($(1)_MUTATE)
$$(patsubst fuzz/%.c,$(BUILD)/$(1)/test/%,$$(filter fuzz/producer/%,$$(TEST_SRC))): $$($(1)_CONFORM)
$(BUILD)/$(1)/test/probe/probe_test: $$($(1)_HOST)/fuzz/producer/captured.o
$(BUILD)/$(1)/test/%: $$($(1)_AWARE)/fuzz/%.o $$($(1)_OBJ)/fuzz/sandbox/faulty.o \
		$$($(1)_TEXT) $$($(1)_JUDGE) $$($(1)_KERNEL)
	$$(call link_test,$(1))

$(BUILD)/$(1)/bench_fetch: $$($(1)_OBJ)/fuzz/target/target_fetch.o $$($(1)_MAIN) $$($(1)_FEED) $$($(1)_FETCH) \
		$$($(1)_JUDGE) $$($(1)_KERNEL)
	$$(call link_target,$(1))
$(BUILD)/$(1)/bench_%_info: $$($(1)_OBJ)/fuzz/target/target_%.o $$($(1)_MAIN) $$($(1)_FEED) $$($(1)_JUDGE) \
		$$($(1)_KERNEL)
	$$(call link_target,$(1))
$(1)_EMPTY := $$($(1)_OBJ)/fuzz/bench/bench_empty.o $$($(1)_MAIN) \
	$$(if $$($(1)_MAIN),$$($(1)_HOST)/fuzz/target/file.o)
$(BUILD)/$(1)/empty_info: $$($(1)_EMPTY)
	$$(call link_target,$(1))
$(BUILD)/$(1)/bench_empty: $$($(1)_EMPTY) $$($(1)_FEED)
	$$(call link_target,$(1))
$(BUILD)/$(1)/equal: $$($(1)_HOST)/fuzz/bench/equal.o $$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o \
		$$($(1)_JUDGE) $$($(1)_KERNEL)
	$$(call link_command,$(1))

# Links that lost our hooks, all of them and those of stores: both have to refuse.
$(1)_LOST := $$($(1)_OBJ)/fuzz/target/target_region.o $$($(1)_MAIN) $$($(1)_KERNEL) \
	$$($(1)_HOST)/fuzz/sandbox/silent.o $$(filter-out %/sandbox/hooks.o,$$($(1)_JUDGE)) \
	$$(patsubst %,$$($(1)_MUTATOR),$$(if $$($(1)_MUTATOR),region))
$$($(1)_OBJ)/fuzz/sandbox/hooks_no_stores.o: $$($(1)_HOST)/fuzz/sandbox/hooks.o
	$(Q)mkdir -p $$(@D)
	$(Q)objcopy -w -L '__sanitizer_cov_store*' -L '__tsan*write*' $$< $$@
$(BUILD)/$(1)/lost_hooks: $$($(1)_LOST)
	$$(call link_target,$(1))
$(BUILD)/$(1)/lost_stores: $$($(1)_LOST) $$($(1)_OBJ)/fuzz/sandbox/hooks_no_stores.o
	$$(call link_target,$(1))

# What is faulty, for tests of shrink and emit, in place of what is registered.
$(1)_TRIAGE := $$($(1)_OBJ)/fuzz/triage/emit_faulty.o $$($(1)_OBJ)/fuzz/triage/emit_faulty_hardened.o \
		$$($(1)_HOST)/fuzz/triage/emit_faulty_registry.o \
		$$($(1)_HOST)/triage_table.o
$(1)_REGISTERED := $$($(1)_HOST)/parsers/registry.o $$($(1)_HOST)/emit_table.o
$(BUILD)/$(1)/triage/capchain: $$(filter-out $$($(1)_REGISTERED),$$($(1)_CMD) $$($(1)_TEXT) \
		$$($(1)_JUDGE)) $$($(1)_TRIAGE) $$($(1)_KERNEL)
	$$(call link_command,$(1),-lyaml -ljansson)
$(BUILD)/$(1)/triage/fuzz_%_info: $$($(1)_OBJ)/fuzz/target/target_%.o $$($(1)_MAIN) \
		$$(filter-out $$($(1)_REGISTERED),$$($(1)_JUDGE)) $$(filter-out %_table.o,$$($(1)_TRIAGE)) \
		$$($(1)_KERNEL)
	$$(call link_target,$(1))

# For scripts/fuzz/own.py: what stands beside another's parser.
$(BUILD)/$(1)/own.a: $$($(1)_JUDGE) $$($(1)_HOST)/parsers/bpf/absent.o \
		$$(if $$($(1)_MUTATOR),$$($(1)_MUTATE) $$($(1)_HOST)/fuzz/chain/chain.o)
	$$(archive)
$(BUILD)/$(1)/own_command.a: $$($(1)_CMD) $$(filter-out $$($(1)_CAPTURE),$$($(1)_TEXT)) \
		$$($(1)_HOST)/fuzz/capture/capture_absent.o
	$$(archive)
own-$(1): $(BUILD)/$(1)/own.a $(BUILD)/$(1)/own_command.a $(BUILD)/$(1)/flags $$($(1)_OBJ)/fuzz/own/register.o
# Where it brings a fetch loop.
$(BUILD)/$(1)/own_fetch.a: $$($(1)_FETCH) $$(if $$($(1)_MUTATOR),$$($(1)_SCRIPT))
	$$(archive)
own-$(1)-fetch: $(BUILD)/$(1)/own_fetch.a $$($(1)_OBJ)/fuzz/target/target_fetch.o \
		$$(if $$($(1)_MUTATOR),$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_fetch.o)
own-$(1)-targets: $(BUILD)/$(1)/own.a $(BUILD)/$(1)/flags $$($(1)_OBJ)/fuzz/own/register.o \
		$$($(1)_MAIN) $$(KINDS:%=$$($(1)_OBJ)/fuzz/target/target_%.o) \
		$$(if $$($(1)_MUTATOR),$$(KINDS:%=$$($(1)_OBJ)/fuzz/mutator/mutate_libfuzzer_%.o))

# What the compiler read for each object.
-include $$(wildcard $$(addprefix $$($(1)_OBJ)/,*.d */*.d */*/*.d */*/*/*.d))
endef

$(foreach f,$(NOTED),$(shell { $(call note_compiler,$(f)); } 2>/dev/null))
$(foreach c,$(USED),$(eval $(call config,$(c))))

$(BUILD)/ledger_table.c: corpus/ledger.yaml scripts/gen/ledger.py
	$(call say,GEN,$(@F))$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) scripts/gen/ledger.py $< $@
# The sources of every parser as text, for `capchain emit`.
$(BUILD)/emit_table.c: scripts/gen/amalgamate.py $(HOST_SRC) $(TABLE_SRC) $(PARSER_SRC) \
		$(wildcard parsers/*.h parsers/include/*.h parsers/models/*.h parsers/models/*/*.h parsers/kinds/*.h parsers/kinds/*/*.h)
	$(call say,GEN,$(@F))$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) $< $@ parsers/registry.h $(HOST_SRC) $(TABLE_SRC) $(PARSER_SRC)
$(BUILD)/triage_table.c: $(BUILD)/emit_table.c $(TRIAGE_PARSER_SRC) fuzz/triage/emit_faulty.h
	$(call say,GEN,$(@F))
	$(Q)$(PYTHON) scripts/gen/amalgamate.py $@ fuzz/triage/emit_faulty.h $(HOST_SRC) \
		fuzz/triage/emit_faulty.c fuzz/triage/emit_faulty_hardened.c \
		$(TABLE_SRC) $(PARSER_SRC)

# Only AFL++'s main is compiled by its own compiler, which drops the load hooks without a word; `main`
# itself is not instrumented, or its set-up would count against stability.
$(BUILD)/afl/denylist:
	$(Q)mkdir -p $(@D)
	$(Q)echo 'fun:main' > $@
$(BUILD)/afl/afl_main.o: fuzz/target/main_afl.c fuzz/target/target.h $(BUILD)/afl/denylist $(BUILD)/compiler-afl
	$(call say,CC,afl $<)
	$(Q)AFL_QUIET=1 AFL_LLVM_DENYLIST=$(BUILD)/afl/denylist afl-clang-fast $(ALONE) -c $< -o $@
