judge.o: fuzz/judge/judge.c fuzz/judge/judge.h \
  fuzz/judge/../sandbox/sandbox.h fuzz/judge/../sandbox/result.h \
  fuzz/judge/../sandbox/../../parsers/parser.h \
  fuzz/judge/../sandbox/../status.h fuzz/judge/judged.h \
  fuzz/judge/compare.h fuzz/judge/spec.h \
  fuzz/judge/../../parsers/parser.h fuzz/judge/rules.h \
  fuzz/judge/ledger.h fuzz/judge/../../parsers/layout.h \
  fuzz/judge/relations.h fuzz/judge/share.h fuzz/judge/own.h

fuzz/judge/judge.h:

fuzz/judge/../sandbox/sandbox.h:

fuzz/judge/../sandbox/result.h:

fuzz/judge/../sandbox/../../parsers/parser.h:

fuzz/judge/../sandbox/../status.h:

fuzz/judge/judged.h:

fuzz/judge/compare.h:

fuzz/judge/spec.h:

fuzz/judge/../../parsers/parser.h:

fuzz/judge/rules.h:

fuzz/judge/ledger.h:

fuzz/judge/../../parsers/layout.h:

fuzz/judge/relations.h:

fuzz/judge/share.h:

fuzz/judge/own.h:
