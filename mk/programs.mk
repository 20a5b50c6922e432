# Programs that are built one way only.

# make_alone FLAGS: of its sources, in one step.
define make_alone
$(call say,LD,$(patsubst $(BUILD)/%,%,$@))$(Q)mkdir -p $(@D)
$(Q)$(1) $(filter %.c,$^) -o $@
endef

$(BUILD)/capchain: $(BUILD)/$(FRONT)/capchain
	$(Q)cp $< $@.tmp && mv $@.tmp $@

# Guests have no libraries.
$(BUILD)/clang/capchain-static: $(clang_CMD) $(clang_TEXT) $(clang_JUDGE) $(clang_KERNEL)
	$(call say,LD,clang capchain-static)
	$(Q)$(CLANG) -static $^ -lyaml -ljansson $(clang_LIBBPF) -lelf -lz -o $@
# A 32-bit client for them; vm.py says what is missing where it cannot be built.
$(BUILD)/vm/caller32: scripts/vm/caller.c
	$(call make_alone,$(CLANG) -m32 -static $(ALONE))
# What holds kernel.c to the kernel's own helpers, which vm.py builds and links to it.
$(BUILD)/vm/helper.o: scripts/vm/helper.c mk/configs.mk $(BUILD)/compiler-clang
	$(call say,CC,vm $<)$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST) -c $< -o $@
-include $(wildcard $(BUILD)/vm/*.d)

# Planted faults where there is no arena: 32-bit, so without cmocka. The hooks of the blind one take every
# address for a global: they have other symbols for where a program's own memory lies.
NO_ARENA := $(BUILD)/clang32/obj/fuzz/sandbox/no_arena.o $(BUILD)/clang32/obj/fuzz/sandbox/faulty.o \
	    $(clang32_JUDGE) $(clang32_KERNEL)
BLIND    := $(BUILD)/clang32/obj/fuzz/sandbox/hooks_blind.o
$(BUILD)/clang32/no_arena: $(NO_ARENA)
	$(call link_command,clang32)
# The same by gcc, for make check-arch.
$(BUILD)/gcc/no_arena: $(BUILD)/gcc/obj/fuzz/sandbox/no_arena.o $(BUILD)/gcc/obj/fuzz/sandbox/faulty.o \
		$(gcc_JUDGE) $(gcc_KERNEL)
	$(call say,LD,gcc no_arena)
	$(Q)$(GCC) -no-pie $^ $(gcc_LIBBPF) -o $@
# It cannot hear stores, and is not meant to.
BLIND_HEARD := $(BUILD)/clang32/obj/fuzz/sandbox/heard_blind.o
$(BLIND_HEARD): $(HEARD_SRC) $(BUILD)/clang32/flags
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) -m32 $(READER) $(CLOAD) -c $< -o $@
$(BLIND): %_blind.o: %.o
	$(Q)objcopy --redefine-sym __start_parsers_own=blind_start --redefine-sym __stop_parsers_own=blind_end $< $@
$(BUILD)/clang32/no_arena_blind: $(filter-out %/sandbox/hooks.o %/sandbox/heard.o,$(NO_ARENA)) $(BLIND) $(BLIND_HEARD)
	$(call say,LD,clang32 no_arena_blind)
	$(Q)$(CLANG) -m32 -no-pie $^ -Wl,--defsym=blind_start=0,--defsym=blind_end=0xffffffff -o $@

$(BUILD)/clang/bench_lengths: $(BUILD)/clang/obj/fuzz/bench/bench_lengths.o $(clang_JUDGE) $(clang_KERNEL)
	$(call link_command,clang)
$(BUILD)/clang/bench_bpf: $(BUILD)/clang/obj/fuzz/bench/bench_bpf.o $(clang_TEXT) $(clang_JUDGE) $(clang_KERNEL)
	$(call link_command,clang,-lyaml -ljansson)
$(BUILD)/clang/bench_ioctl $(BUILD)/clang/bench_rate: $(BUILD)/clang/%: $(BUILD)/clang/obj/fuzz/bench/%.o
	$(call link_command,clang)

# AFL_CUSTOM_MUTATOR_LIBRARY of each kind: it stands alone and shows AFL++'s names and nothing else.
MUTATORS := $(KINDS:%=$(BUILD)/afl/mutator_%.so) $(BUILD)/afl/mutator_fetch.so
AS_MUTATOR = $(CLANG) $(ALONE) -fPIC -shared -fvisibility=hidden -DMUTATE_KIND=$(1)
$(BUILD)/afl/mutator_%.so: fuzz/mutator/mutate_afl.c $(MUTATE_SRC) fuzz/chain/chain.c parsers/layout.c \
		fuzz/mutator/mutate.h fuzz/mutator/mutate_death.h fuzz/mutator/mutate_ops.h fuzz/chain/chain.h fuzz/chain/endian.h \
		parsers/layout.h parsers/parser.h mk/configs.mk
	$(call make_alone,$(call AS_MUTATOR,$(kind_of_$*)))
$(BUILD)/afl/mutator_fetch.so: fuzz/mutator/mutate_afl.c $(SCRIPT_SRC) $(MUTATE_SRC) fuzz/fetch/script_model.c \
		fuzz/fetch/script.c $(PRODUCER_SRC) fuzz/chain/chain.c parsers/layout.c \
		$(wildcard fuzz/mutator/mutate*.h fuzz/fetch/*.h fuzz/producer/*.h) fuzz/chain/chain.h \
		parsers/layout.h parsers/parser.h mk/configs.mk
	$(call make_alone,$(call AS_MUTATOR,$(kind_of_fetch)))
$(BUILD)/afl/bench_feed.so: fuzz/bench/bench_feed.c
	$(call make_alone,$(CLANG) $(ALONE) -fPIC -shared)

# Clients of our own for `capchain run`: static, and built one way only, for they are not what is tested.
SELF := $(addprefix $(BUILD)/client/,self hostile peer_client walker walker-dynamic walker-bounded fence.so refuse)
$(BUILD)/client/%: fuzz/client/self/%.c fuzz/client/self/open.h mk/configs.mk
	$(call make_alone,$(PLAIN_CC) $(ALONE) -static -pthread)
$(BUILD)/client/walker-bounded: fuzz/client/self/walker.c fuzz/client/self/open.h parsers/include/bounded.h mk/configs.mk
	$(call make_alone,$(PLAIN_CC) $(ALONE) -DBOUNDED -static)
$(BUILD)/client/refuse: fuzz/sandbox/refuse.h
# A preloaded library needs something to be loaded into.
$(BUILD)/client/walker-dynamic: fuzz/client/self/walker.c fuzz/client/self/open.h mk/configs.mk
	$(call make_alone,$(PLAIN_CC) $(ALONE))
$(BUILD)/client/fence.so: fuzz/client/self/fence.c mk/configs.mk
	$(call make_alone,$(PLAIN_CC) $(ALONE) -fno-builtin -fPIC -shared)

# Both sides of vfio-user as fuzz targets, and the empty one, built alike.
PEER_TARGETS := $(addprefix $(BUILD)/peers/,server_target client_target empty_target)
PEER_PARTS   := $(PEER_SRC) $(PRODUCER_SRC) fuzz/producer/reply_state.c parsers/layout.c fuzz/sandbox/arena.c \
		$(addprefix fuzz/client/,fake.c nameless.c remote.c reply.c reply_model.c reply_rule.c vfio.c)
$(BUILD)/peers/server_target $(BUILD)/peers/client_target: $(BUILD)/peers/%: $(BUILD)/peers/obj/fuzz/vfio_user/%.o \
		$(filter-out %/listen.o,$(PEER_PARTS:%.c=$(BUILD)/peers/obj/%.o))
	$(call link_command,peers,-ljansson)
$(BUILD)/peers/empty_target: $(BUILD)/peers/obj/fuzz/bench/bench_empty.o
	$(call link_command,peers)

# What can be built here, in every build.
TESTS    := $(filter-out $(if $(CAN_BPF),,parsers/bpf_test),$(patsubst fuzz/%.c,%,$(TEST_SRC)))
EQUAL    := $(foreach c,$(filter-out %-asan,$(COMMANDS)),$(BUILD)/$(c)/equal)
# Each compiler, and each run-time that may bring hooks of its own.
DEAF     := clang gcc libfuzzer afl
# What engines' builds have to show too.
SANDBOX_TESTS := $(filter sandbox/%,$(TESTS))
TRIAGE_CHECKED = $(foreach c,$(FRONT) $(ENGINES),$(BUILD)/$(c)/triage/fuzz_region_info) \
		$(BUILD)/$(FRONT)/triage/capchain
CHECKED  := $(foreach c,$(COMMANDS),$(BUILD)/$(c)/capchain $(TESTS:%=$(BUILD)/$(c)/test/%)) \
	    $(foreach c,$(ENGINES),$(SANDBOX_TESTS:%=$(BUILD)/$(c)/test/%)) \
	    $(foreach c,$(filter-out gcc-asan,$(COMMANDS)) $(ENGINES),$(TARGETS:%=$(BUILD)/$(c)/%)) \
	    $(if $(filter afl,$(ENGINES)),$(MUTATORS) $(BUILD)/afl/bench_feed.so) $(BUILD)/capchain \
	    $(BUILD)/$(FRONT)/conformance $(SELF) $(TRIAGE_CHECKED) \
	    $(if $(filter libfuzzer,$(ENGINES)),$(BUILD)/libfuzzer/planted_fetch $(PEER_TARGETS)) \
	    $(EQUAL) \
	    $(foreach c,$(filter $(DEAF),$(COMMANDS) $(ENGINES)),$(BUILD)/$(c)/lost_hooks $(BUILD)/$(c)/lost_stores)
# Built where 32-bit C headers are.
CHECKED32 := $(TARGETS:%=$(BUILD)/clang32/%) $(BUILD)/clang32/equal $(BUILD)/clang32/no_arena $(BUILD)/clang32/no_arena_blind
# Everything that a night runs; `make nightly` builds it itself, so that a broken build has its reason.
NIGHT_AFL := afl afl-asan afl-cmplog
NIGHTLY   := $(BUILD)/capchain $(MUTATORS) $(foreach c,libfuzzer $(NIGHT_AFL) clang clang-asan clang-msan coverage, \
		$(TARGETS:%=$(BUILD)/$(c)/%)) \
	$(foreach c,libfuzzer afl,$(KINDS:%=$(BUILD)/$(c)/planted_%_info) $(BUILD)/$(c)/planted_fetch) \
	$(foreach c,afl-asan clang-asan clang-msan,$(BUILD)/$(c)/planted_region_info) \
	$(foreach c,libfuzzer afl afl-asan,$(BUILD)/$(c)/empty_info) \
	$(foreach c,libfuzzer $(NIGHT_AFL) clang clang-asan,$(BUILD)/$(c)/test/sandbox/sandbox_test)
# Left out: the budgets of the first two count the loads of coverage counters too, the third wants sanitizers.
COVERED := $(filter-out parsers/bpf_test sandbox/sandbox_test sandbox/open_test sandbox/report_test,$(TESTS))

BENCHED := $(BUILD)/capchain $(BUILD)/clang/bench_lengths $(BUILD)/afl/bench_feed.so \
	$(if $(CAN_BPF),$(BUILD)/clang/bench_bpf $(BUILD)/clang/bench_ioctl $(BUILD)/clang/bench_rate) \
	$(foreach c,libfuzzer libfuzzer-fast afl,$(BUILD)/$(c)/bench_empty $(BUILD)/$(c)/bench_fetch \
		$(KINDS:%=$(BUILD)/$(c)/bench_%_info))

# The objects of each target for OSS-Fuzz, one line a target: name, then objects.
oss_of = $(BUILD)/oss-fuzz/obj/fuzz/target/target_$(1).o $(BUILD)/oss-fuzz/obj/fuzz/mutator/mutate_libfuzzer_$(1).o \
	$(oss-fuzz_JUDGE) $(oss-fuzz_KERNEL) $(oss-fuzz_MUTATE) $(BUILD)/oss-fuzz/obj/fuzz/chain/chain.o
oss_fetch = $(oss_of) $(oss-fuzz_FETCH) $(oss-fuzz_SCRIPT)
oss-fuzz-objects: $(foreach k,$(KINDS),$(call oss_of,$(k))) $(call oss_fetch,fetch)
	@$(foreach k,$(KINDS),echo fuzz_$(k)_info $(call oss_of,$(k));)
	@echo fuzz_fetch $(call oss_fetch,fetch)

# compiled-CONFIG: each source and how it is compiled there, a line each, for the check of warnings.
compiled-gcc compiled-clang: compiled-%:
	@:$(foreach f,$(COMPILED),$(info $(f) $(call as.$(call class_of,$(f)),$*) -c $(f)))
# What another tool compiles each source with, for editors and analysers, which look for it in build/.
COMPILED := $(filter-out %.bpf.c fuzz/target/main_afl.c,$(wildcard parsers/*.c parsers/*/*.c parsers/models/*/*.c parsers/kinds/*/*.c fuzz/*/*.c fuzz/*/*/*.c))
kind_for = $(if $(filter %/target.c %/mutate_afl.c %/mutate_libfuzzer.c,$(1)),-DTARGET_KIND=INFO_REGION -DMUTATE_KIND=INFO_REGION)
entry = {"directory":"$(CURDIR)","file":"$(2)","command":"$(subst ",\",$(filter-out -MMD -MP, \
	$(call as.$(call class_of,$(2)),$(1))) $(call kind_for,$(2)) -c $(2))"}
comma := ,
compile-commands:
	@:$(shell mkdir -p $(BUILD))$(file >$(BUILD)/compile_commands.json,[$(subst } {,}$(comma) {,$(foreach f,$(COMPILED),$(call entry,$(FRONT),$(f))))])
	@echo $(BUILD)/compile_commands.json
