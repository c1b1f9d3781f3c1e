"""Writes each message in capitals: of two functions in a row, the second shows that the first was there."""

from pulsar import Function


class Uppercase(Function):
    def process(self, input, context):
        return input.upper()
