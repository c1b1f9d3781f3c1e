"""Answers with "message|config|secret": the value of the user configuration "suffix" and the secret "password", or "-"
where there is none."""

from pulsar import Function


class UserConfigEcho(Function):
    def process(self, input, context):
        suffix = context.get_user_config_value("suffix") or "-"
        secret = context.get_secret("password") or "-"
        return f"{input}|{suffix}|{secret}"
