# Building is never silent: one short line for each thing that is made. V=1 prints commands in their place,
# -s nothing. A goal that asks another make has that one silent, but for these lines.

short := $(filter-out --%,$(firstword -$(MAKEFLAGS)))
# Whether nothing is to be made, only said (-n).
DRY := $(findstring n,$(short))
ifneq ($(origin PROGRESS),command line)
PROGRESS := $(if $(findstring s,$(short)),,1)
endif
Q := $(if $(filter 1,$(V)),,@)
QUIET := $(if $(filter 1,$(V)),,-s PROGRESS=$(PROGRESS)) --no-print-directory

# say WHAT,OF: as make starts it.
say = $(if $(and $(Q),$(PROGRESS),$(if $(DRY),,1)),$(info $(say_$(1))$(2)))
say_CC   := $()  CC    $()
say_LD   := $()  LD    $()
say_AR   := $()  AR    $()
say_GEN  := $()  GEN   $()
