"""Troubles that an operator can do something about."""


class Trouble(Exception):
    """One Chinese sentence that says what is wrong and what to do; commands print it, exit 2."""
