# Which sources there are, by layer: tables that all share, parsers, sandbox and judge, engines, the command.

TABLE_SRC    := parsers/layout.c parsers/registry.c
PARSER_SRC   := $(filter-out $(TABLE_SRC) parsers/layout_uapi.c %_test.c, \
		$(wildcard parsers/*.c parsers/models/*.c parsers/models/*/*.c parsers/kinds/*/*.c))
# What every build has of the parser `bpf`.
BPF_SRC      := parsers/bpf/bpf.c

SANDBOX_SRC  := $(addprefix fuzz/sandbox/,sandbox.c scratch.c heap.c arena.c pages.c walk.c result.c where.c child.c process.c)
# What tells, or depends on, which sanitizers the program has.
AWARE_SRC    := fuzz/sandbox/walk.c fuzz/sandbox/leaks.c fuzz/judge/verdicts.c
# One load and one store, compiled as parsers are.
HEARD_SRC    := fuzz/sandbox/heard.c
HOOKS_SRC    := fuzz/sandbox/hooks.c fuzz/sandbox/atomics.c fuzz/sandbox/strings.c fuzz/sandbox/calls.c
SPEC_SRC     := fuzz/judge/spec.c fuzz/judge/meaning.c fuzz/judge/spaces.c
JUDGE_SRC    := fuzz/judge/rules.c fuzz/target/chosen.c fuzz/judge/compare.c fuzz/judge/judged.c fuzz/judge/judge.c \
		fuzz/judge/relations.c fuzz/judge/variant.c fuzz/judge/ledger.c \
		fuzz/target/findings.c fuzz/target/counts.c fuzz/target/file.c fuzz/judge/verdicts.c \
		fuzz/sandbox/leaks.c fuzz/judge/truncations.c fuzz/judge/own.c fuzz/judge/held.c
FEEDBACK_SRC := fuzz/target/feedback.c
# What a target has for a main where no engine brings one.
MAIN_SRC     := fuzz/target/main_files.c fuzz/target/run_files.c

# Models of what writes replies: bytes only, so that targets may link them too.
PRODUCER_SRC := fuzz/producer/producer.c fuzz/producer/state.c fuzz/producer/answers.c fuzz/producer/caps.c \
		fuzz/producer/answer_kernel.c fuzz/producer/answer_iommufd.c fuzz/producer/answer_peer.c \
		fuzz/producer/layout_space.c
# What holds them to captured replies: only `make conformance` and the tests have it.
CONFORM_SRC  := fuzz/producer/captured.c fuzz/producer/reply_state.c fuzz/producer/conform.c fuzz/chain/endian.c

# Fetch loops are built as parsers are; planted ones are linked into their target and tests alone.
FETCH_SRC    := fuzz/fetch/script.c fuzz/fetch/script_model.c fuzz/fetch/host.c fuzz/fetch/fetch_judge.c fuzz/fetch/fetch_answer.c \
		fuzz/fetch/fetch_loops.c fuzz/fetch/table.c
FETCH_LOOP_SRC := $(wildcard fuzz/fetch/loops/*.c)
HARDENED_LOOPS := fuzz/fetch/loops/reference.c
FETCH_BUG_SRC := fuzz/planted/fetch_loops/fetch_bugs.c fuzz/fetch/faulty/faulty_fetch_loops.c

# Planted bugs are built as parsers are, and linked into planted targets and their test alone.
MARKS_SRC    := fuzz/planted/marks.c
PLANT_SRC    := fuzz/planted/bugs.c $(MARKS_SRC)
FAULT_SRC    := fuzz/planted/faults.c
BUG_SRC      := $(filter-out $(PLANT_SRC) $(FAULT_SRC) %_test.c,$(wildcard fuzz/planted/*.c $(addprefix fuzz/planted/,idioms/*.c \
		values/*.c spaces/*.c)))

# The part of the mutator that knows scripts, and the model that it edits: fetch targets alone have it.
SCRIPT_SRC   := fuzz/mutator/mutate_script.c fuzz/mutator/mutate_reply.c fuzz/mutator/mutate_replies.c \
		fuzz/mutator/mutate_argsz.c fuzz/mutator/mutate_state.c
# The mutator. libFuzzer's targets link it, AFL++ loads it.
MUTATE_SRC   := $(filter-out fuzz/mutator/mutate_afl.c fuzz/mutator/mutate_libfuzzer.c %_test.c \
		$(SCRIPT_SRC),$(wildcard fuzz/mutator/mutate*.c))

# Shrink and emit. What is faulty stands in place of the registered parsers where they are tested.
TRIAGE_SRC   := fuzz/triage/shrink.c fuzz/triage/shrink_try.c fuzz/triage/shrink_steps.c fuzz/triage/shrink_values.c \
		fuzz/triage/shrink_goal.c fuzz/triage/shrink_script.c fuzz/triage/emit.c fuzz/triage/emit_own.c
TRIAGE_PARSER_SRC := fuzz/triage/emit_faulty.c fuzz/triage/emit_faulty_hardened.c \
		fuzz/triage/emit_faulty_registry.c
# What a file that `emit` writes has beside the parser.
HOST_SRC     := fuzz/triage/emit_host.h fuzz/triage/emit_host.c
# The supervisor of `capchain run`, which has producers' models tell short replies.
CLIENT_SRC   := $(filter-out %_test.c,$(wildcard fuzz/client/*.c)) fuzz/producer/reply_state.c
# What `capchain serve` and `ask` have beside it.
PEER_SRC     := $(filter-out %_test.c %_target.c,$(wildcard fuzz/vfio_user/*.c))
PROBE_SRC    := fuzz/probe/probe.c fuzz/probe/values.c fuzz/probe/broken.c fuzz/probe/device.c \
		fuzz/capture/corpus_bytes.c fuzz/capture/kept.c
# What the command and the tests have, and targets never link.
TEXT_SRC     := fuzz/exhaust/exhaust.c fuzz/exhaust/exhaust_cursor.c fuzz/exhaust/exhaust_sum.c \
		fuzz/exhaust/exhaust_run.c fuzz/chain/chain.c \
		fuzz/chain/endian.c fuzz/text/text_node.c fuzz/text/text_value.c \
		fuzz/text/text_load.c fuzz/text/text_dump.c fuzz/fetch/script_endian.c fuzz/text/text_fetch.c \
		$(CLIENT_SRC) $(PEER_SRC) $(PROBE_SRC) $(TRIAGE_SRC)
CMD_SRC      := $(wildcard fuzz/cmd/*.c fuzz/draw/*.c)
# Of these what starts once for an input: optimising it takes longer, where there are sanitizers, than what
# tests gain by it.
ASIDE_SRC    := $(CMD_SRC) $(filter fuzz/client/%,$(CLIENT_SRC)) $(PEER_SRC) $(PROBE_SRC) $(TRIAGE_SRC)

TEST_SRC     := $(wildcard fuzz/*/*_test.c)
# These make millions of inputs, or are what is tested. All others take longer to optimise than to run.
LONG_TESTS   := $(patsubst %,%_test.c,fuzz/parsers/bounded fuzz/parsers/bounded_load fuzz/parsers/pcicaps \
		fuzz/exhaust/exhaust fuzz/mutator/mutate fuzz/text/text_trip \
		fuzz/planted/planted fuzz/producer/build)
