"""Tests of the journal; a package, so that its modules may share names with other rooms'."""
