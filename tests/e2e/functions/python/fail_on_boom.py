"""Fails for the message "boom" and passes all others on: exceptions on demand."""

from pulsar import Function


class FailOnBoom(Function):
    def process(self, input, context):
        if input == "boom":
            raise ValueError("boom, as was asked for")
        return input
