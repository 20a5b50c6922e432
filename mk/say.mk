# Building is never silent: one short line for each thing that is made. V=1 prints commands in their place,
# -s nothing. Goals of ours that ask another make have it silent but for these lines.

DRY := $(findstring n,$(firstword -$(MAKEFLAGS)))
ifeq ($(origin PROGRESS),undefined)
PROGRESS := $(if $(findstring s,$(firstword -$(MAKEFLAGS))),,1)
endif
export PROGRESS
Q := $(if $(filter 1,$(V)),,@)
# say WHAT,OF: as make starts it.
say = $(if $(and $(Q),$(PROGRESS),$(if $(DRY),,1)),$(info $(say_$(1))$(2)))
say_CC   := $()  CC    $()
say_LD   := $()  LD    $()
say_AR   := $()  AR    $()
say_GEN  := $()  GEN   $()
QUIET := $(if $(filter 1,$(V)),,-s) --no-print-directory
