# make install: the command with all that it needs when this tree is gone, and what other builds take:
# a library, which is one object that shows its contract and nothing else, and headers.
#
#   PREFIX/bin/capchain, PREFIX/share/man/man1/capchain.1
#   PREFIX/include/capchain/     the contract of a parser, bounded.h, fetch.h and pcicaps.h
#   PREFIX/share/capchain/       the corpus, adapters to copy, the dictionary
#   LIBDIR/libcapchain-fuzz*.a, LIBDIR/pkgconfig/capchain-fuzz.pc
#   PREFIX/lib/capchain/         what `--parser FILE` links and `check --html` runs: a small tree of the shape of this one

PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib
VERSION  = $(patsubst "%",%,$(filter "%",$(file <fuzz/cmd/version.h)))
LIB     := $(BUILD)/lib
LIB_OBJ := $($(FRONT)_JUDGE) $(BUILD)/$(FRONT)/obj/parsers/bpf/absent.o \
	$(addprefix $(BUILD)/$(FRONT)/obj/fuzz/own/,register.o kind.o target.o)
SHOWN   := LLVMFuzzer* walk_deliver walk_alloc walk_copy_in walk_panicked layout_* capchain_* __sanitizer_cov_* __tsan_* \
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
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' $< > $@.tmp && \
		mv $@.tmp $@
lib: $(LIB)/libcapchain-fuzz.a $(LIB)/libcapchain-fuzz-main.a $(LIB)/capchain-fuzz.pc

# Debian's help2man writes the page from --help and --version.
$(BUILD)/capchain.1: $(BUILD)/capchain
	$(call say,GEN,$(@F))
	$(Q)help2man --no-info --section 1 \
		--name 'feed VFIO capability chains to every parser' -o $@ $<

CONTRACT := parsers/parser.h parsers/fetch_loop.h parsers/layout.h
COPIED   := parsers/include/bounded.h parsers/include/fetch.h parsers/include/pcicaps.h
TO   = $(DESTDIR)$(PREFIX)
OWN  = $(TO)/lib/capchain
# put FILE...,FOLDER
put  = install -d '$(2)' && install -m 644 $(1) '$(2)'
install: all lib own-$(FRONT) $(call has,help2man,$(BUILD)/capchain.1)
	$(Q)install -d '$(TO)/bin' && install $(BUILD)/capchain '$(TO)/bin'
	$(Q)$(call put,$(LIB)/libcapchain-fuzz.a $(LIB)/libcapchain-fuzz-main.a,$(DESTDIR)$(LIBDIR))
	$(Q)$(call put,$(LIB)/capchain-fuzz.pc,$(DESTDIR)$(LIBDIR)/pkgconfig)
	$(Q)$(call put,$(CONTRACT) $(COPIED),$(TO)/include/capchain)
	$(Q)$(call put,parsers/own/heap.syms parsers/own/template.c parsers/own/template.rs parsers/own/capchain.rs \
		corpus/vfio.dict,$(TO)/share/capchain)
	$(Q)tar -c --mode=u=rwX$(comma)go=rX corpus | tar -x --no-same-owner -C '$(TO)/share/capchain'
	$(Q)$(call put,$(addprefix scripts/fuzz/,own.py own_given.py own_tools.py),$(OWN)/scripts/fuzz)
	$(Q)$(call put,scripts/gen/whole.py,$(OWN)/scripts/gen)
	$(Q)$(call put,$(addprefix scripts/report/,page.py told.py index.html cause.html parts.html style.css),$(OWN)/scripts/report)
	$(Q)$(call put,fuzz/judge/own.h,$(OWN)/fuzz/judge)
	$(Q)$(call put,parsers/own/heap.syms,$(OWN)/parsers/own)
	$(Q)$(call put,fuzz/own/text.ld,$(OWN)/fuzz/own)
	$(Q)$(call put,$(CONTRACT),$(OWN)/parsers)
	$(Q)$(call put,parsers/own/capchain/*,$(OWN)/parsers/own/capchain)
	$(Q)$(call put,$(addprefix $(BUILD)/$(FRONT)/,own.a own_command.a flags),$(OWN)/build/$(FRONT))
	$(Q)$(call put,$(BUILD)/$(FRONT)/obj/fuzz/own/register.o,$(OWN)/build/$(FRONT)/obj/fuzz/own)
	$(Q)$(call put,$(BUILD)/$(FRONT)/obj/parsers/naive.o,$(OWN)/build/$(FRONT)/obj/parsers)
	$(Q)$(call put,$(BUILD)/$(FRONT)/obj/fuzz/fetch/loops/reference.o,$(OWN)/build/$(FRONT)/obj/fuzz/fetch/loops)
	@$(if $(call has,help2man,yes),$(call put,$(BUILD)/capchain.1,$(TO)/share/man/man1), \
		echo 'skipped capchain.1: no help2man here (Debian package help2man)')
	@echo 'installed below $(TO)'

# What `make install` with the same variables put there; folders that others use too stay.
uninstall:
	$(Q)rm -rf '$(TO)/include/capchain' '$(TO)/share/capchain' '$(OWN)'
	$(Q)rm -f '$(TO)/bin/capchain' '$(TO)/share/man/man1/capchain.1' '$(DESTDIR)$(LIBDIR)/pkgconfig/capchain-fuzz.pc' \
		'$(DESTDIR)$(LIBDIR)/libcapchain-fuzz.a' '$(DESTDIR)$(LIBDIR)/libcapchain-fuzz-main.a'
	@echo 'uninstalled from $(TO)'
