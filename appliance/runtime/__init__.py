"""The programs that run on the box under supervisor; the journal is the only place they meet."""
