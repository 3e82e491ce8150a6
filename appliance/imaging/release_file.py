"""`/etc/gatehouse-release`: what an image is made of, in the manner of os-release."""

import hashlib
from dataclasses import dataclass

UNCONFIGURED = "none"


@dataclass(frozen=True, slots=True)
class ImageRelease:
    """An image's own description, by what it was made of.

    `release` is the runtime's, `recipe` the digest of the files and roles put in, `profile` the
    sha256 of the site profile put in, or None.
    """

    version: str
    release: str
    recipe: str
    lock: str
    profile: str | None
    epoch: int

    @property
    def digest(self) -> str:
        """Twelve digits that tell this image from any other."""
        whole = f"{self.release}\0{self.recipe}\0{self.lock}\0{self.profile}\0{self.epoch}"
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """What the image's files are called after."""
        return f"gatehouse-{self.version}-{self.digest}"

    def text(self) -> str:
        """The file's content.

        Programs that ask which Debian this is look at every `/etc/*-release`, and take a number
        in the first line for Debian's own: so there is none.
        """
        return (
            "# What this image is made of.\n"
            f"GATEHOUSE_VERSION={self.version}\n"
            f"GATEHOUSE_IMAGE={self.digest}\n"
            f"GATEHOUSE_RELEASE={self.release}\n"
            f"GATEHOUSE_RECIPE_SHA256={self.recipe}\n"
            f"GATEHOUSE_PROFILE_SHA256={self.profile or UNCONFIGURED}\n"
            f"GATEHOUSE_LOCK_SHA256={self.lock}\n"
            f"GATEHOUSE_EPOCH={self.epoch}\n"
        )


def profile_digest(content: bytes) -> str:
    """The digest of a profile's file, byte for byte."""
    return hashlib.sha256(content).hexdigest()
