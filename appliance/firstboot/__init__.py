"""What an image does at its start, with nobody there: find its profile, check it, apply it, tell.

It runs on the box, from the release that the image has. The state of the box is still the roles'
business alone: they lie in `/usr/share/gatehouse` and are applied from inside.
"""
