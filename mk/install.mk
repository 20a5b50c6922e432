# For those who build elsewhere: one object that shows its contract and nothing else.
PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
LIB     := $(BUILD)/lib
LIB_OBJ := $($(FRONT)_JUDGE) $(BUILD)/$(FRONT)/obj/parsers/bpf/absent.o \
	$(addprefix $(BUILD)/$(FRONT)/obj/fuzz/own/,join.o kind.o target.o)
SHOWN   := LLVMFuzzer* walk_deliver walk_alloc walk_copy_in layout_* capchain_* __sanitizer_cov_* __tsan_* \
	   __asan_on_error __ubsan_on_report
$(LIB)/libcapchain-fuzz.a: $(LIB_OBJ) mk/install.mk
	$(call say,AR,$(@F))$(Q)mkdir -p $(@D)
	$(Q)ld -r --force-group-allocation -o $(LIB)/whole.o $(LIB_OBJ)
	$(Q)objcopy -w $(SHOWN:%=--keep-global-symbol='%') $(LIB)/whole.o $(LIB)/capchain-fuzz.o
	$(Q)rm -f $@ && ar rcs $@ $(LIB)/capchain-fuzz.o
$(LIB)/libcapchain-fuzz-main.a: $($(FRONT)_MAIN) $(BUILD)/$(FRONT)/obj/fuzz/target/file.o
	$(archive)
$(LIB)/capchain-fuzz.pc: parsers/own/capchain-fuzz.pc.in FORCE
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' $< > $@.tmp && mv $@.tmp $@
