# The configurations: what a build folder below $(BUILD) is compiled with. A variable that says nothing is
# left out. Parsers, the reference and targets are compiled for each.
#
#   NAME_CC         the compiler
#   NAME_BASE       flags of everything, links too
#   NAME_TARGET     flags of targets' own code
#   NAME_SAN        sanitizers of our own code, and of links
#   NAME_LEVEL      the level of optimisation of our own code, where it is not LEVEL
#   NAME_ASIDE      the same of what the command has beside the judge
#   NAME_TRUST      sanitizers of trusting parsers
#   NAME_HOOKS      what puts load hooks into parsers
#   NAME_LOADS      the same for trusting parsers, where it differs
#   NAME_HOOKSAN    sanitizers of the hooks themselves
#   NAME_REFERENCE  what instruments the reference
#   NAME_LD         what links targets and tests, where it is not the compiler
#   NAME_LINK       flags that link targets and the command
#   NAME_TESTLINK   flags that link tests
#   NAME_HOST_OF    whose objects of all else it links, where they would be the same
#   NAME_AWARE_OF   whose of AWARE_SRC, and of tests, where its sanitizers are not those of HOST_OF
#   NAME_MAIN       objects that give a target its main; an engine may bring one
#   NAME_FEED       an object that feeds a benchmark's inputs to libFuzzer

CONFIGS := clang gcc clang-asan gcc-asan clang-msan clang32 coverage libfuzzer libfuzzer-fast \
	afl afl-asan afl-cmplog oss-fuzz peers

WARN   := -Wall -Wextra -Wshadow -Wconversion -Wvla
# BUILD may lie anywhere, and the table in it includes a header of the tree.
COMMON := -std=gnu11 -D_GNU_SOURCE -g -gdwarf-4 $(WARN) -MMD -MP -iquote .
# Parsers are built one way everywhere: load order and width, and so verdicts, follow from it.
READER := $(COMMON) -O2 -fno-lto
# The level of optimisation of all else: equal.sh has others too.
LEVEL  := -O2
HOST   := $(COMMON) $(LEVEL)
# For what is made of its sources in one step.
ALONE  := $(filter-out -MMD -MP,$(HOST))

# Their reports name lines: debug information of variables would cost a sixth of the time.
SAN    := -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -DHAS_UBSAN=1
SANT   := -fno-omit-frame-pointer -fsanitize=address
# ASan has fake stacks by default from clang 15 and gcc 13 on. A walk that is left by a jump never gives
# its frames back there: the search for a free one made libFuzzer take twenty times as long for 400,000
# execs.
NOFAKE := -fsanitize-address-use-after-return=never
NOFAKE_GCC := --param=asan-use-after-return=0
MSAN   := -g1 -fsanitize=memory -fsanitize-memory-track-origins -fno-sanitize-recover=all
# It maps lines itself.
COVER  := -g0 -fprofile-instr-generate -fcoverage-mapping
CLOAD  := -fsanitize-coverage=func,trace-loads
# Under qemu-user stat() of a folder fails without the second. Elsewhere it would have stat() called by
# another name, which clang 14's MemorySanitizer does not know.
BITS32 := -m32 -D_FILE_OFFSET_BITS=64
# What targets do under AFL++: truncations, and verdicts as edges.
TARGET_AFL := -DTARGET_TRUNCATES=1 -DFEEDBACK_GUARDS=1

main_of = $(MAIN_SRC:%.c=$(BUILD)/$(1)/obj/%.o)

clang_CC    := $(CLANG)
clang_HOOKS := $(CLOAD)
clang_MAIN  := $(call main_of,clang)

gcc_CC    := $(GCC)
gcc_HOOKS := -fsanitize=thread
gcc_MAIN  := $(call main_of,gcc)

clang-asan_CC    := $(CLANG)
clang-asan_ASIDE := -O0
clang-asan_SAN   := $(SAN) $(NOFAKE)
clang-asan_TRUST := $(SANT) $(NOFAKE)
clang-asan_HOOKS := $(CLOAD)
clang-asan_MAIN  := $(call main_of,clang-asan)

gcc-asan_CC    := $(GCC)
# No engine runs it: optimising takes longer than what its tests gain by it.
gcc-asan_LEVEL := -O1
gcc-asan_ASIDE := -O0
gcc-asan_SAN   := $(SAN) $(NOFAKE_GCC)
gcc-asan_HOOKS := -fsanitize=thread -fno-sanitize=address
gcc-asan_MAIN  := $(call main_of,gcc-asan)

clang-msan_CC      := $(CLANG)
clang-msan_SAN     := $(MSAN)
clang-msan_TRUST   := $(MSAN)
clang-msan_HOOKS   := $(CLOAD)
# MemorySanitizer knows only of stores that it instrumented, so nothing is left out of it.
clang-msan_HOOKSAN := $(MSAN)
clang-msan_MAIN    := $(call main_of,clang-msan)

clang32_CC    := $(CLANG)
clang32_BASE  := $(BITS32)
clang32_HOOKS := $(CLOAD)
clang32_LINK  := -no-pie
clang32_MAIN  := $(call main_of,clang32)

coverage_CC    := $(CLANG)
coverage_ASIDE := -O0
coverage_SAN   := $(COVER)
coverage_TRUST := $(COVER)
coverage_HOOKS := $(CLOAD)
coverage_MAIN  := $(call main_of,coverage)

# Engines: these differ from clang's commands in parsers, reference and targets alone. libFuzzer counts the
# edges of hardened parsers only: they have a branch for every rule, and each edge that runs costs it time.
# Its sanitizers are in what is under test, parsers and reference. What runs them has its own in clang-asan,
# which `make check` runs, and in afl-asan: in each walk they cost as much as the walk.
libfuzzer_CC       := $(CLANG)
libfuzzer_SAN      := $(SAN) $(NOFAKE)
libfuzzer_TRUST    := $(SANT) $(NOFAKE)
libfuzzer_HOOKS    := -fsanitize-coverage=inline-8bit-counters,pc-table,trace-loads
libfuzzer_LOADS    := $(CLOAD)
libfuzzer_LINK     := -fsanitize=fuzzer
libfuzzer_TESTLINK := -fsanitize=fuzzer-no-link
libfuzzer_HOST_OF  := clang
libfuzzer_AWARE_OF := clang-asan
libfuzzer_FEED     := $(BUILD)/clang-asan/obj/fuzz/bench/bench_feed.o

libfuzzer-fast_CC       := $(CLANG)
libfuzzer-fast_HOOKS    := $(libfuzzer_HOOKS)
libfuzzer-fast_LOADS    := $(CLOAD)
libfuzzer-fast_LINK     := -fsanitize=fuzzer
libfuzzer-fast_TESTLINK := -fsanitize=fuzzer-no-link
libfuzzer-fast_HOST_OF  := clang
libfuzzer-fast_FEED     := $(BUILD)/clang/obj/fuzz/bench/bench_feed.o

afl_CC      := $(CLANG)
afl_TARGET  := $(TARGET_AFL)
afl_HOOKS   := -fsanitize-coverage=trace-pc-guard,trace-loads
afl_LOADS   := $(CLOAD)
afl_LD      := afl-clang-fast
afl_HOST_OF := clang
afl_MAIN    := $(BUILD)/clang/obj/fuzz/target/run_files.o $(BUILD)/afl/afl_main.o

afl-asan_CC        := $(CLANG)
afl-asan_TARGET    := $(TARGET_AFL)
afl-asan_SAN       := $(SAN) $(NOFAKE)
afl-asan_TRUST     := $(SANT) $(NOFAKE)
afl-asan_HOOKS     := $(afl_HOOKS)
afl-asan_REFERENCE := -fsanitize-coverage=trace-pc-guard
afl-asan_LD        := afl-clang-fast
afl-asan_HOST_OF   := clang-asan
afl-asan_MAIN      := $(BUILD)/clang-asan/obj/fuzz/target/run_files.o $(BUILD)/afl/afl_main.o

# Targets of our own server and client of vfio-user, where all that they run is what is fuzzed.
peers_CC   := $(CLANG)
peers_SAN  := $(SAN) $(NOFAKE) -fsanitize=fuzzer-no-link
peers_LINK := -fsanitize=fuzzer

# AFL++'s runtime takes clang's own compare call-backs for CmpLog.
afl-cmplog_CC        := $(CLANG)
afl-cmplog_TARGET    := $(TARGET_AFL)
afl-cmplog_HOOKS     := -fsanitize-coverage=trace-pc-guard,trace-cmp,trace-loads,trace-stores
afl-cmplog_REFERENCE := -fsanitize-coverage=trace-pc-guard,trace-cmp
afl-cmplog_LD        := afl-clang-fast
afl-cmplog_HOST_OF   := clang
afl-cmplog_MAIN      := $(BUILD)/clang/obj/fuzz/target/run_files.o $(BUILD)/afl/afl_main.o

# What scripts/oss-fuzz/targets.sh links, with the compiler and flags of an OSS-Fuzz image, which win over
# ours. OSS_LOADS is what gives its compiler load hooks. The hooks themselves carry no sanitizer but
# MemorySanitizer, which has to see every store. Unsigned wrap-around is defined, and meant where it
# happens; ASan's fake stacks would look like somebody else's memory to a sandbox without an arena.
OSS_LOADS ?= $(CLOAD)
oss-fuzz_CC      := $(CC)
oss-fuzz_BASE    := $(if $(filter -m32,$(CFLAGS)),$(BITS32))
oss-fuzz_SAN     := $(CFLAGS) -fno-sanitize=unsigned-integer-overflow
oss-fuzz_TRUST   := $(oss-fuzz_SAN) -fno-sanitize=undefined
oss-fuzz_HOOKS   := $(if $(findstring -fsanitize=address,$(CFLAGS)),$(NOFAKE)) $(OSS_LOADS)
oss-fuzz_HOOKSAN := $(filter -fsanitize=memory,$(CFLAGS))
