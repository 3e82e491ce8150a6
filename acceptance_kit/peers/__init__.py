"""The other side of every wire, speaking the real protocol: platform, camera, relay."""
