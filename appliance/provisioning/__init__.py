"""The installer's side: a bare machine becomes a gate appliance, and stays one.

`provision` brings machines to what the profile says, `drift` compares without changing, `verify`
asks the roles' own tests, `fleet` does day-2 work over many boxes. All of it reaches a box through
the one ssh configuration that `reach` writes.
"""
