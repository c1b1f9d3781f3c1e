"""Takes memory until the kernel ends the container."""

import time

from pulsar import Function


class AllocateMemory(Function):
    def process(self, input, context):
        chunks = []
        while True:
            chunks.append(bytearray(b"x") * (16 << 20))
            time.sleep(0.005)
