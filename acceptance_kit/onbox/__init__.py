"""What drills run on the box itself, from the box's own release, where no testinfra is.

`python -m acceptance_kit.onbox.NAME`. Each may run twice and does the same; none has a secret among
its words.
"""
