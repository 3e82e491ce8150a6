"""Which mirror serves Debian here: asked of the host's own apt, never written down."""

import platform
import subprocess
from dataclasses import dataclass

from .places import PLATFORM_ADDRESS, PROXY_PORT

SUITE = "trixie"
SIGNED_BY = "/usr/share/keyrings/debian-archive-keyring.gpg"


class NoMirror(Exception):
    """The host's apt names no Debian archive."""


@dataclass(frozen=True)
class Mirror:
    """The two archives a box is fed from; both URIs end with a slash."""

    main: str
    security: str

    def sources(self) -> str:
        """What stands in the guest's `/etc/apt/sources.list.d/debian.sources`."""
        return "\n".join(
            f"Types: deb\nURIs: {plain(uri)}\nSuites: {suites}\nComponents: main\n"
            f"Signed-By: {SIGNED_BY}\n"
            for uri, suites in (
                (self.main, f"{SUITE} {SUITE}-updates"),
                (self.security, f"{SUITE}-security"),
            )
        )

    def upstream(self, url: str) -> str | None:
        """The host's own URL for one the guest asks for; None for what is no Debian archive."""
        for uri in (self.main, self.security):
            if url.startswith(plain(uri)):
                return uri + url.removeprefix(plain(uri))
        return None


def plain(uri: str) -> str:
    """The URI as the guest writes it: through the proxy http is enough, apt checks signatures."""
    return "http://" + uri.split("://", 1)[1]


def of_this_host() -> Mirror:
    """Ask apt for the archives that carry the host's own release."""
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    archives = {
        release: uri for uri, _, release in (line.partition(" ") for line in listed.splitlines())
    }
    try:
        return Mirror(archives[codename], archives[f"{codename}-security"])
    except KeyError as missing:
        raise NoMirror(f"apt on this host knows no archive for {missing}") from None


BOX_APT_SETTINGS = f"""\
Acquire::http::Proxy "http://{PLATFORM_ADDRESS}:{PROXY_PORT}";
Acquire::Languages "none";
"""
"""A bare box's `/etc/apt/apt.conf.d/50bed`: its only way to packages; not every mirror has
translations."""
