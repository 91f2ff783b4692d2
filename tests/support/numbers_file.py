"""Numbers for a library of tests/preload, which reads them while a program runs."""
import mmap
import struct

BYTES = 4_096   # as mapped_file.h says


class NumbersFile:
    def __init__(self, path, form):
        """`form` is struct's."""
        self.path, self.form = path, form
        with open(path, "w+b") as file:
            file.truncate(BYTES)
            self.map = mmap.mmap(file.fileno(), BYTES)

    def set(self, *values):
        struct.pack_into(self.form, self.map, 0, *values)
