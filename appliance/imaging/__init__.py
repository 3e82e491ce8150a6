"""The appliance image: what an installer writes to a disk, the same bytes from the same lock.

`images/` holds the recipe as data (packages, lock, files); this room is the builder. It runs on the
installer's or the CI's machine, from a clone, as root; never on a box.
"""
