"""The image as its receiver meets it: built twice, and started once with nobody there."""
