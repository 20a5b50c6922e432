# SPDX-License-Identifier: MIT
"""The mutator of a build, through the shared object that AFL++ loads, and called as AFL++ 4.04c does."""

import ctypes
import os


class Library:
    """One shared object, from init to deinit."""

    def __init__(self, build, kind, seed):
        self.library = ctypes.CDLL(os.path.join(os.path.abspath(build), "afl", f"mutator_{kind}.so"))
        for name, result in (("init", ctypes.c_void_p), ("fuzz", ctypes.c_size_t),
                             ("havoc_mutation", ctypes.c_size_t), ("trim", ctypes.c_size_t),
                             ("describe", ctypes.c_char_p), ("init_trim", ctypes.c_int32),
                             ("post_trim", ctypes.c_int32), ("deinit", None),
                             ("havoc_mutation_probability", ctypes.c_uint8)):
            getattr(self.library, f"afl_custom_{name}").restype = result
        self.data = ctypes.c_void_p(self.call("init", None, seed))

    def call(self, name, *arguments):
        return getattr(self.library, f"afl_custom_{name}")(*arguments)

    def out(self, name, *arguments):
        """What a hook that returns a size and a pointer made."""
        made = ctypes.POINTER(ctypes.c_uint8)()
        before, after = arguments
        size = self.call(name, self.data, *before, ctypes.byref(made), *after)
        return bytes(made[:size])

    def fuzz(self, data, other, most):
        return self.out("fuzz", (data, ctypes.c_size_t(len(data))),
                        (other, ctypes.c_size_t(len(other or b"")), ctypes.c_size_t(most)))

    def havoc(self, data, most):
        return self.out("havoc_mutation", (data, ctypes.c_size_t(len(data))),
                        (ctypes.c_size_t(most),))

    def describe(self, most):
        return self.call("describe", self.data, ctypes.c_size_t(most)).decode()

    def trims(self, data, keep):
        """Every try of a trim, as trim_case_custom() goes through them; @keep says what succeeds."""
        steps = self.call("init_trim", self.data, data, ctypes.c_size_t(len(data)))
        tries, step = [], 0
        while step < steps:
            tries.append(self.out("trim", (), ()))
            step = self.call("post_trim", self.data, int(keep(tries[-1])))
        return tries

    def end(self):
        self.call("deinit", self.data)
