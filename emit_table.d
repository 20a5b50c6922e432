emit_table.o: build/emit_table.c fuzz/triage/emit.h \
  fuzz/triage/emit_host.h fuzz/triage/../../parsers/parser.h \
  fuzz/triage/../judge/judge.h fuzz/triage/../judge/../sandbox/sandbox.h \
  fuzz/triage/../judge/../sandbox/result.h \
  fuzz/triage/../judge/../sandbox/../../parsers/parser.h \
  fuzz/triage/../judge/../sandbox/../status.h \
  fuzz/triage/../judge/judged.h fuzz/triage/../judge/compare.h \
  fuzz/triage/../judge/spec.h \
  fuzz/triage/../judge/../../parsers/parser.h \
  fuzz/triage/../judge/rules.h fuzz/triage/../judge/ledger.h

fuzz/triage/emit.h:

fuzz/triage/emit_host.h:

fuzz/triage/../../parsers/parser.h:

fuzz/triage/../judge/judge.h:

fuzz/triage/../judge/../sandbox/sandbox.h:

fuzz/triage/../judge/../sandbox/result.h:

fuzz/triage/../judge/../sandbox/../../parsers/parser.h:

fuzz/triage/../judge/../sandbox/../status.h:

fuzz/triage/../judge/judged.h:

fuzz/triage/../judge/compare.h:

fuzz/triage/../judge/spec.h:

fuzz/triage/../judge/../../parsers/parser.h:

fuzz/triage/../judge/rules.h:

fuzz/triage/../judge/ledger.h:
