# capchain. `make help` lists the goals; README.md says what they are for. How things are built stands in mk/.

BUILD  := build
PYTHON ?= /usr/bin/python3
SETUP  ?= 1
include mk/kinds.mk
# Those, and whole conversations: names of their targets.
TARGETS := $(KINDS:%=fuzz_%_info) fuzz_fetch
fuzzes  = $(if $(filter fetch,$(1)),fuzz_fetch,fuzz_$(1)_info)
# `make fuzz PARSER=FILE` is about another's parser; scripts/fuzz/own.py takes it from here.
OWN_PARSER := $(if $(filter command% environment,$(origin PARSER)),$(value PARSER))
export SETUP OWN_PARSER

all:
.DELETE_ON_ERROR:
.SECONDARY:
# Before MAKEFLAGS is added to, whose first word it reads.
include mk/say.mk
MAKEFLAGS += --no-builtin-rules
# Dependency files are made by the compiler, never by make.
%.d: ;
FORCE:
include mk/sources.mk mk/compilers.mk mk/configs.mk mk/bpf.mk mk/classes.mk mk/objects.mk \
	mk/programs.mk mk/install.mk
.PHONY: FORCE all lib install configs built built32 nightly-built bench-built oss-fuzz-objects $(ASIDE) \
	$(filter-out $(BUILD)/%,$(DOOR))

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 18
	@echo 'Variables: KIND=device|region|iommu|pci|pcie|fetch|all ENGINE=libfuzzer|afl SECONDS= JOBS= FINDINGS= for fuzz;'
	@echo 'ALL=1 prints all, STRICT=1 is red for what no corpus has, for fuzz and nightly; JSON=FILE for all with a table;'
	@echo 'PARSER=FILE PARSER_CFLAGS= PARSER_LIBS= ALLOW=faults fuzz a parser of yours: see parsers/own/README.md;'
	@echo 'HOURS= or SECONDS=, JOBS= KIND= SEED= NIGHT=DIR for nightly; INPUTS= HTML= for coverage;'
	@echo 'REPORT=FILE FINDINGS= NIGHT= ALL=1 for report: see scripts/report/README.md;'
	@echo 'SECONDS= JOBS= for soak; HDR= for uapi; BLESS=1 JSON=FILE CLIENT=NAME INPUTS=REGEX JOBS= for clients;'
	@echo 'SYSTEM= MIRROR=URL APT_CONF=FILE for check-systems, clients; CC= another clang or gcc; SETUP=0 installs nothing;'
	@echo 'PREFIX= DESTDIR= LIBDIR= for install; V=1 prints commands, -s nothing; PYTHON= BUILD= in place of ours.'

all: $(BUILD)/capchain ## build/capchain, what a plain `make` builds

setup-check:
	@scripts/setup.sh check
setup-clients:
	@scripts/setup.sh clients
setup-browser:
	@scripts/setup.sh browser
setup-fuzz:
	@ENGINE=$(ENGINE) scripts/setup.sh fuzz

PAGE = scripts/report/report.sh $(if $(ALL),--every) --build $(BUILD) --out '$(or $(REPORT),$(BUILD)/report/index.html)' \
	--findings '$(or $(FINDINGS),$(BUILD)/findings)' --night '$(or $(NIGHT),$(BUILD)/nightly)'
# At the end of a run, whose status stays: without a page there is a line. It is no place for a signal to be lost.
PAGE_AFTER = ; status=$$?; [ $$status -gt 1 ] || $(PAGE) || :; exit $$status
# option NAME,VARIABLE: --NAME with its value, where it has one.
option = $(if $($(2)),--$(1) $($(2)))
# How make fuzz and make nightly tell what they found.
told = $(if $(ALL),--all) $(if $(STRICT),--strict) $(if $(JSON),--json '$(JSON)')
# needs PROGRAM...: one line and status 3 where one of them is missing.
needs = $(foreach p,$(1),command -v $(p) >/dev/null || { echo >&2 \
	"make $@ needs $(p), which is not here: install it (scripts/setup.sh names packages)"; exit 3; };)

# KIND, SECONDS and JOBS go to fuzz.py as they are. Under a shell, SECONDS may be one of its own.
KIND    ?= all
ENGINE  ?= libfuzzer
fuzz fuzz-peers: SECONDS := $(if $(filter command% environment,$(origin SECONDS)),$(SECONDS),60)
ifeq ($(filter $(KIND),$(KINDS) fetch all),)
$(error KIND=$(KIND): say $(KINDS:%=%,) fetch or all)
endif
ifeq ($(filter $(ENGINE),libfuzzer afl),)
$(error ENGINE=$(ENGINE): say libfuzzer or afl)
endif
fuzz: | setup-fuzz ## fuzz all kinds for SECONDS=60 in all, from the corpus
	@$(call needs,$(CLANG) $(if $(filter afl,$(ENGINE)),afl-clang-fast afl-fuzz))
ifneq ($(filter-out $(if $(OWN_PARSER),faults),$(ALLOW)),)
	@echo >&2 'capchain: ALLOW=$(ALLOW): ALLOW=faults goes with PARSER=FILE, whose promise is trusting'; exit 2
endif
ifneq ($(OWN_PARSER),)
	@CAPCHAIN_ALLOW='$(ALLOW)' $(PYTHON) scripts/fuzz/fuzz.py --parser "$$OWN_PARSER" --build $(BUILD) --kind $(KIND) --seconds $(SECONDS) \
		--engine $(ENGINE) $(call option,jobs,JOBS) $(if $(FINDINGS),--findings '$(FINDINGS)') $(told) \
		--corpus corpus --mutators $(BUILD)/afl
else
	@$(MAKE) $(QUIET) $(BUILD)/capchain \
		$(foreach k,$(if $(filter all,$(KIND)),$(KINDS) fetch,$(KIND)),$(if $(filter afl,$(ENGINE)),\
			$(BUILD)/afl/$(call fuzzes,$(k)) $(BUILD)/afl/mutator_$(k).so, \
			$(BUILD)/libfuzzer/$(call fuzzes,$(k))))
	@$(PYTHON) scripts/fuzz/fuzz.py --kind $(KIND) --seconds $(SECONDS) --engine $(ENGINE) $(call option,jobs,JOBS) \
		--corpus corpus --work $(BUILD)/fuzz --findings '$(or $(FINDINGS),$(BUILD)/findings)' --capchain $(BUILD)/capchain \
		--targets $(BUILD)/$(if $(filter afl,$(ENGINE)),afl,libfuzzer) --mutators $(BUILD)/afl $(told) $(PAGE_AFTER)
endif

fuzz-peers: | setup-fuzz ## what our server and our client of vfio-user read from the other side, SECONDS=60 each
	@$(call needs,$(CLANG))
	@$(MAKE) $(QUIET) $(PEER_TARGETS)
	@$(PYTHON) scripts/fuzz/peers.py --seconds $(SECONDS) --findings '$(or $(FINDINGS),$(BUILD)/findings/peers)' $(BUILD)

check-own: | setup-check ## planted readers of a user, each as trusting, safe and hardened: what every tool says, READERS= TOOLS=
	@$(MAKE) $(QUIET) $(BUILD)/capchain
	@$(PYTHON) scripts/fuzz/check_own.py $(call option,readers,READERS) $(call option,tools,TOOLS) \
		$(call option,json,JSON)

# What was found until now.
report: $(BUILD)/capchain | setup-fuzz ## build/report/index.html: which reader fails where, each witness drawn; REPORT= FINDINGS= NIGHT= ALL=1
	@$(PAGE)
check-report: $(BUILD)/capchain | setup-fuzz setup-browser ## the page in a browser: overflow, links, contrast, pictures of it
	@$(PYTHON) scripts/report/browser.py --capchain $(BUILD)/capchain --shots $(BUILD)/check-report

check: | setup-check ## every test, the corpus in every build, formatting, warnings
	@$(PYTHON) scripts/test/check.py

equal: | setup-check ## the same verdicts of 20,000 random buffers in every build, at every level of optimisation
	@$(MAKE) $(QUIET) $(BUILD)/capchain $(EQUAL)
	@if why=$$(scripts/test/links32.sh $(CLANG) && scripts/test/i386.sh 2>&1); then \
		$(MAKE) $(QUIET) $(BUILD)/clang32/equal; \
	else echo "skipped clang32: $$why"; fi
	@scripts/test/equal.sh --levels

conformance: $(BUILD)/$(FRONT)/conformance ## every producer model against the replies that real kernels wrote
	@$< corpus/captured

lib: ## libcapchain-fuzz.a, to fuzz your parser from your own build
install: ## the command and its man page, that library, headers and corpus: PREFIX=/usr/local DESTDIR= LIBDIR=
uninstall: ## removes what install put there
dist: ## build/dist: the archives of a release, the sources and what other projects copy, with checksums
	@$(MAKE) $(QUIET) $(BUILD)/capchain
	@$(PYTHON) scripts/gen/dist.py --capchain $(BUILD)/capchain $(BUILD)/dist

configs:
	@echo $(COMMANDS) / $(ENGINES)
built: $(CHECKED) ## every target and test, in every build there is a compiler for
built32: $(CHECKED32)
nightly-built: $(NIGHTLY)
bench-built: $(BENCHED)
compile-commands: ## build/compile_commands.json, for editors and analysers

vm: | setup-check ## Linux 6.1, 6.12, 7.2 and 7.3 in QEMU, swept by probe: KERNEL= KERNEL_TREE=DIR IOMMU=amd or virtio, ARCH=s390x, arm64 or ppc64le, KEEP=DIR for the replies
check-vm: | setup-check ## the same with the two kernels of Debian 12
vm check-vm:
	@$(call needs,$(CLANG) $(if $(ARCH),,qemu-system-x86_64) dpkg-deb apt-get)
	@$(MAKE) $(QUIET) $(BUILD)/clang/capchain-static $(BUILD)/clang/conformance \
		$(if $(ARCH),,$(BUILD)/vm/helper.o own-clang)
	@if mkdir -p $(BUILD)/vm && scripts/test/links32.sh $(CLANG) -static >$(BUILD)/vm/no-caller32; then \
		$(MAKE) $(QUIET) $(BUILD)/vm/caller32; else rm -f $(BUILD)/vm/caller32; fi
	@WHY_NO_CALLER32="$$(cat $(BUILD)/vm/no-caller32)" $(PYTHON) scripts/vm/vm.py $(call option,keep,KEEP) \
		$(if $(filter vm,$@),--newer) $(if $(KERNEL),--kernel $(KERNEL)) $(call option,tree,KERNEL_TREE) $(call option,arch,ARCH) \
		$(call option,iommu,IOMMU)

check-oss-fuzz: | setup-check ## every OSS-Fuzz build, held to OSS-Fuzz's own checks, without docker
	@$(PYTHON) scripts/oss-fuzz/check.py
	@$(PYTHON) scripts/oss-fuzz/check_test.py
check-arch: ## arm64, s390x and i386 under qemu-user: MACHINE=arm64 alone, ROOTS=DIR... to take a newer qemu from
	@$(PYTHON) scripts/test/arch.py $(call option,json,JSON) $(ROOTS:%=--root %) $(MACHINE)
check-systems: ## both commands on Debian 12, 13 and sid, as root: SYSTEM= MIRROR=URL APT_CONF=FILE
	@$(PYTHON) scripts/test/systems.py $(if $(MIRROR),--mirror '$(MIRROR)') \
		$(if $(APT_CONF),--apt-conf '$(APT_CONF)') $(call option,json,JSON) $(SYSTEM)
exhaust3: | setup-check ## every chain of up to 3 capabilities, KIND= JOBS=: 450 million buffers
	@$(call exhaust,3)
exhaust4: | setup-check ## of up to 4
	@$(call exhaust,4)
exhaust = $(MAKE) $(QUIET) $(BUILD)/capchain && $(BUILD)/capchain exhaust --caps $(1) \
	$(if $(filter all,$(KIND)),,--kind $(KIND)) $(call option,jobs,JOBS)

bench: | setup-check ## speed, as ratios of one run, each with its floor
	@$(call needs,$(CLANG) afl-clang-fast afl-fuzz)
	@$(MAKE) $(QUIET) bench-built
	@$(PYTHON) scripts/bench/bench.py $(call option,json,JSON)

bench-bugs: | setup-check ## execs to find each planted bug, ours against the engines' own: TRIALS=10 EXECS=2000000
	@$(call needs,$(CLANG) afl-clang-fast afl-fuzz)
	@$(MAKE) $(QUIET) $(BUILD)/capchain $(foreach c,libfuzzer-fast afl,$(KINDS:%=$(BUILD)/$(c)/planted_%_info)) \
		$(foreach c,libfuzzer-fast libfuzzer,$(KINDS:%=$(BUILD)/$(c)/fuzz_%_info)) $(KINDS:%=$(BUILD)/afl/mutator_%.so)
	@$(PYTHON) scripts/bench/bugs.py $(call option,trials,TRIALS) $(call option,execs,EXECS) \
		$(call option,jobs,JOBS)

mutants: | setup-check ## mutation analysis of bounded.h, spec.c and the models: ONLY=REGEX EXECS=200000 of each survivor
	@$(call needs,$(CLANG))
	@$(MAKE) $(QUIET) $(BUILD)/clang/capchain $(BUILD)/clang/test/parsers/bounded_test \
		$(KINDS:%=$(BUILD)/libfuzzer-fast/fuzz_%_info)
	@$(PYTHON) scripts/test/mutants.py $(call option,execs,EXECS) $(call option,jobs,JOBS) \
		$(if $(ONLY),--only '$(ONLY)')

nightly: SECONDS := $(if $(filter command% environment,$(origin SECONDS)),$(SECONDS))
nightly: | setup-check ## both engines over every kind for HOURS=8 or SECONDS=, then all that follows
	@$(PYTHON) scripts/nightly/nightly.py --kind $(KIND) $(if $(SECONDS),--seconds $(SECONDS),$(call option,hours,HOURS)) \
		$(call option,jobs,JOBS) $(call option,seed,SEED) $(told) --work '$(or $(NIGHT),$(BUILD)/nightly)' $(PAGE_AFTER)

coverage: | setup-check ## line and branch coverage; bounded.h and spec.c have to be whole
	@$(MAKE) $(QUIET) $(BUILD)/capchain $(TARGETS:%=$(BUILD)/coverage/%) \
		$(COVERED:%=$(BUILD)/coverage/test/%)
	@$(PYTHON) scripts/test/coverage.py $(if $(INPUTS),--inputs '$(INPUTS)') $(if $(HTML),--html '$(HTML)') $(call option,json,JSON)

check-nightly: | setup-check ## the build broken in seven ways, and a night killed ten times: minutes
	@$(MAKE) $(QUIET) nightly-built
	@KILLS=10 $(PYTHON) scripts/nightly/nightly_test.py Whole
	@$(PYTHON) scripts/nightly/breakages.py

soak: SECONDS := $(if $(filter command% environment,$(origin SECONDS)),$(SECONDS),600)
soak: | setup-check ## SECONDS=600 of each kind in each engine: no crash, stable, no growth
	@$(call needs,$(CLANG) afl-clang-fast afl-fuzz)
	@$(MAKE) $(QUIET) $(BUILD)/capchain \
		$(foreach c,libfuzzer $(NIGHT_AFL),$(TARGETS:%=$(BUILD)/$(c)/%))
	@$(PYTHON) scripts/fuzz/soak.py --seconds $(SECONDS) $(call option,jobs,JOBS)

# A root with Debian's VFIO programs is over a gigabyte, so `make check` does without them.
clients: | setup-clients ## VFIO programs of each Debian, unmodified, on the corpus, as root: SYSTEM= BLESS=1
	@$(MAKE) $(QUIET) $(BUILD)/capchain $(SELF)
	@$(PYTHON) scripts/clients/clients.py $(if $(BLESS),--bless) $(call option,json,JSON) $(call option,jobs,JOBS) \
		$(CLIENT:%=--client %) $(SYSTEM:%=--system %) $(if $(INPUTS),--inputs '$(INPUTS)') \
		$(if $(MIRROR),--mirror '$(MIRROR)') $(if $(APT_CONF),--apt-conf '$(APT_CONF)') $(BUILD)/capchain corpus
	@$(PYTHON) scripts/clients/dumps.py $(foreach s,$(or $(SYSTEM),bookworm trixie sid),--root $(BUILD)/clients/$(s)/root) \
		$(BUILD)/capchain corpus

real: | setup-check ## programs' own readers beside their models: PROGRAM= SRC=DIR OLD=DIR EXECS=100000 PLANTED=1 BLESS=1 JSON=FILE
	@$(call needs,$(CLANG) objcopy)
	@$(PYTHON) scripts/real/real.py --build $(BUILD) $(call option,program,PROGRAM) $(if $(SRC),--src '$(SRC)') \
		$(if $(OLD),--old '$(OLD)') $(call option,execs,EXECS) $(if $(BLESS),--bless) $(if $(PLANTED),--planted) \
		$(call option,json,JSON) $(call option,mirror,MIRROR)

uapi: ## compare layout.h with another vfio.h: make uapi HDR=FILE
	@$(if $(HDR),,$(error say which header: make uapi HDR=FILE))
	@$(PYTHON) scripts/gen/uapi.py --layout parsers/layout.h $(HDR)

policy: $(BUILD)/capchain ## parsers/models/POLICY.md anew, from the judge's outcomes
	@$(PYTHON) scripts/gen/policy.py $< corpus parsers/models/POLICY.md

format: ## clang-format in place
	@git ls-files --cached --others --exclude-standard '*.[ch]' | xargs clang-format -i

fetch-planted: $(BUILD)/libfuzzer/planted_fetch ## the six planted fetch loops, each found by libFuzzer; TRIALS= compares mutators
	@$(PYTHON) scripts/fuzz/fetch_planted.py $(call option,trials,TRIALS) $<

fetch-table: $(BUILD)/capchain ## every fetch loop against scripted producers: how each conversation ends
	@$< list --fetch

clean: ## remove build/, but for what was found: build/findings and build/nightly
	@[ ! -e $(BUILD) ] || find -H $(BUILD) -mindepth 1 -maxdepth 1 ! -name findings ! -name nightly -exec rm -rf {} +
	@for found in $(wildcard $(BUILD)/findings $(BUILD)/nightly); do echo "kept: $$found"; done
	@[ ! -d $(BUILD) ] || rmdir --ignore-fail-on-non-empty $(BUILD)
	@:$(foreach f,$(NOTED),; $(call note_compiler,$(f)))
