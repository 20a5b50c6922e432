exhaust_test.o: fuzz/exhaust/exhaust_test.c \
  fuzz/exhaust/../../parsers/layout.h \
  fuzz/exhaust/../../parsers/parser.h fuzz/exhaust/exhaust_run.h \
  fuzz/exhaust/exhaust.h fuzz/exhaust/../judge/judge.h \
  fuzz/exhaust/../judge/../sandbox/sandbox.h \
  fuzz/exhaust/../judge/../sandbox/result.h \
  fuzz/exhaust/../judge/../sandbox/../../parsers/parser.h \
  fuzz/exhaust/../judge/../sandbox/../status.h \
  fuzz/exhaust/../judge/judged.h fuzz/exhaust/../judge/compare.h \
  fuzz/exhaust/../judge/spec.h \
  fuzz/exhaust/../judge/../../parsers/parser.h \
  fuzz/exhaust/../judge/rules.h fuzz/exhaust/../judge/ledger.h

fuzz/exhaust/../../parsers/layout.h:

fuzz/exhaust/../../parsers/parser.h:

fuzz/exhaust/exhaust_run.h:

fuzz/exhaust/exhaust.h:

fuzz/exhaust/../judge/judge.h:

fuzz/exhaust/../judge/../sandbox/sandbox.h:

fuzz/exhaust/../judge/../sandbox/result.h:

fuzz/exhaust/../judge/../sandbox/../../parsers/parser.h:

fuzz/exhaust/../judge/../sandbox/../status.h:

fuzz/exhaust/../judge/judged.h:

fuzz/exhaust/../judge/compare.h:

fuzz/exhaust/../judge/spec.h:

fuzz/exhaust/../judge/../../parsers/parser.h:

fuzz/exhaust/../judge/rules.h:

fuzz/exhaust/../judge/ledger.h:
