"""The way to the authority's platform: HJ 212 frames, the messages of chapter 7, the sender."""
