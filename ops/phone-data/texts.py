"""Every name once, numbered in order of first use."""

import struct


class Texts:
    NONE = 0xFFFF

    def __init__(self):
        self._all, self._ids = [], {}

    def id(self, text):
        if text not in self._ids:
            if len(self._all) >= self.NONE:
                raise SystemExit("too many texts for 16 bits")
            self._ids[text] = len(self._all)
            self._all.append(text.encode())
        return self._ids[text]

    def optional(self, text):
        return self.id(text) if text else self.NONE

    def offsets(self):
        offsets, position = [0], 0
        for text in self._all:
            position += len(text)
            offsets.append(position)
        return struct.pack(f"<{len(offsets)}I", *offsets)

    def bytes(self):
        return b"".join(self._all)
