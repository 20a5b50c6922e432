qemu.o: parsers/models/qemu.c parsers/models/qemu.h \
  parsers/models/model.h parsers/models/../overlay.h \
  parsers/models/../layout.h parsers/models/../parser.h

parsers/models/qemu.h:

parsers/models/model.h:

parsers/models/../overlay.h:

parsers/models/../layout.h:

parsers/models/../parser.h:
