"""The system test: a bare Debian 13 box is provisioned by the installer's own command."""
