# The parser `bpf` and the program of `capchain capture`. Their kernel side is load.c in these builds, and
# absent.c elsewhere: under MemorySanitizer, AFL++, OSS-Fuzz and -m32, in coverage, in own parsers' builds and
# in the library.

BPF_NAMES  := walk walk_without_clamp walk_without_end
BPF_BUILDS := clang gcc clang-asan gcc-asan libfuzzer libfuzzer-fast
BPF_SKELS  := $(BPF_NAMES:%=$(BUILD)/bpf/%.skel.h) $(BUILD)/bpf/capture.skel.h
# It is not in everybody's PATH.
BPFTOOL    := $(or $(call where,bpftool),$(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool)))
# It is optional, so that it can be built here is tried: able.mk says CAN_BPF where it can, and where it
# cannot, why-not has the reason, and the next make tries again.
ifneq ($(USED),)
ifndef BPF_TRIAL
-include $(BUILD)/bpf/able.mk
endif
endif
$(BUILD)/bpf/able.mk: parsers/bpf/walk.bpf.c fuzz/capture/capture.bpf.c mk/bpf.mk $(BUILD)/compiler-clang
	@mkdir -p $(@D) && rm -f $@
	@{ { [ '$(BPFTOOL)' ] || ! echo no bpftool here; } && \
		{ command -v $(CLANG) >/dev/null || ! echo no $(CLANG) here; } && \
		echo 'int main(void) { return !libbpf_major_version(); }' | \
			$(CLANG) -include bpf/libbpf.h -x c - -lbpf -o $(@D)/trial && \
		$(MAKE) -s --no-print-directory PROGRESS= BPF_TRIAL=1 $(BPF_SKELS); } >$(@D)/why-not 2>&1 && \
		echo 'CAN_BPF := yes' >$@ || :

# A tool of the same LLVM as the compiler; another one in PATH where it has none.
beside = $(shell $(CLANG) -print-prog-name=$(1))
# Debian's asm/types.h lies where the compiler for this machine finds it, and the one for BPF does not.
BPF_FLAGS  = -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -MMD -MP \
		-I$(patsubst %/asm/types.h,%,$(filter %/asm/types.h,$(shell \
			$(CLANG) -M -include asm/types.h -x c /dev/null)))
# The walk, and the walk with what its proof rests on taken out, for the test.
bpf_without_walk_without_clamp := -DWITHOUT_CLAMP
bpf_without_walk_without_end   := -DWITHOUT_END
$(BPF_NAMES:%=$(BUILD)/bpf/%.bpf.o): $(BUILD)/bpf/%.bpf.o: parsers/bpf/walk.bpf.c mk/bpf.mk \
		$(BUILD)/compiler-clang
	$(call say,CC,bpf $(<F) $(bpf_without_$*))$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) $(bpf_without_$*) -c $< -o $@ && $(call beside,llvm-strip) -g $@
# Machines as libbpf names them.
BPF_ARCH_x86_64  := x86
BPF_ARCH_aarch64 := arm64
BPF_ARCH_ppc64le := powerpc
BPF_ARCH_s390x   := s390
$(BUILD)/bpf/capture.bpf.o: fuzz/capture/capture.bpf.c mk/bpf.mk $(BUILD)/compiler-clang
	$(call say,CC,bpf $(<F))$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) -D__TARGET_ARCH_$(or $(BPF_ARCH_$(HOST_MACHINE)),$(HOST_MACHINE)) -c $< -o $@ && \
		$(call beside,llvm-strip) -g $@
$(BPF_SKELS): %.skel.h: %.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $(*F)_bpf > $@.tmp && mv $@.tmp $@
-include $(wildcard $(BUILD)/bpf/*.d)
