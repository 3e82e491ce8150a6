"""The bed of the system test: bare Debian 13 boxes that boot in seconds, without a hypervisor.

A *bed* is one booted guest under systemd-nspawn with two neighbours, each a network namespace: the
*platform side*, where the installer and the authority's platform stand, and the *camera LAN*. The
guest's own network namespace has no other way out; Debian packages come through a caching proxy on
the platform side. On the command line: `python -m tests.system.bed --help`.
"""

from .guest import Bed
from .namespaces import Namespace
from .recipe import BARE, TOOLS, Recipe, root_of

__all__ = ["BARE", "TOOLS", "Bed", "Namespace", "Recipe", "root_of"]
