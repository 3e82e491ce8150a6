"""The demo site: every part real, on a machine that has no hardware."""
