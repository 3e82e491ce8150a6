"""A conversation with one camera: ONVIF services by onvif-zeep, signed by the camera's clock.

WS-UsernameToken is good only within seconds of the camera's own time, and a camera fresh from its
box is years off: so its clock is read first, unsigned, and every signature is dated by it.
"""

import logging
import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from functools import cache
from importlib.metadata import files
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests
from lxml.etree import LxmlError
from zeep import Client, Settings
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault
from zeep.wsdl import Document
from zeep.wsse.username import UsernameToken

from appliance.cameras.transport import BoundedTransport, Untrustworthy
from appliance.clock import Clock
from appliance.profile.model import Camera

DEVICE_PATH = "/onvif/device_service"
MOST_WORDS = 120
SETTINGS = Settings(strict=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)
"""onvif-zeep's own settings lift lxml's limits (`xml_huge_tree`), which a hostile device likes."""

_loading = Lock()


class CameraSilent(Exception):
    """The camera does not answer, or not as ONVIF."""


class CameraRefused(Exception):
    """The camera answered with a fault: what it said, made printable and short."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code

    @property
    def unauthorised(self) -> bool:
        """Whether the user or password was not taken."""
        return "NotAuthorized" in self.code or "FailedAuthentication" in self.code


class CameraToken(UsernameToken):
    """A digest whose Created is the camera's time, new for each request."""

    def __init__(self, channel: "Channel", user: str, password: str) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            user, password, use_digest=True, zulu_timestamp=True
        )
        self._channel = channel

    def apply(self, envelope: Any, headers: Any) -> Any:
        """Sign; zeep calls it."""
        now = self._channel.clock.now().astimezone(UTC).replace(microsecond=0)
        self.created = now + self._channel.offset
        return super().apply(envelope, headers)  # type: ignore[no-untyped-call]


class Channel:
    """Calls to one camera. With `dry`, what would change it is not sent.

    `offset` is the camera's clock less ours; `call` signs with it.
    """

    def __init__(self, camera: Camera, password: str, clock: Clock, *, dry: bool = False) -> None:
        self.camera = camera
        self.clock = clock
        self.dry = dry
        self.offset = timedelta(0)
        self._token = CameraToken(self, camera.user, password)
        self._paths = {"devicemgmt": DEVICE_PATH}
        self._services: dict[tuple[str, bool], Any] = {}

    def find_services(self) -> None:
        """Ask which services there are; of each address only the path is used, never the host."""
        from onvif.definition import SERVICES  # noqa: PLC0415 - see `_service_class`

        names = {entry["ns"]: name for name, entry in SERVICES.items() if name != "pullpoint"}
        for told in self.call("devicemgmt", "GetServices", IncludeCapability=False) or ():
            name = names.get(str(told.Namespace))
            path = urlsplit(str(told.XAddr)).path
            if name is not None and re.fullmatch(r"/[A-Za-z0-9._~/-]{1,200}", path):
                self._paths.setdefault(name, path)

    def offers(self, service: str) -> bool:
        """Whether the camera has a service, as `find_services` was told."""
        return service in self._paths

    def reach(self, service: str, path: str) -> None:
        """From now on a service is at this path of the camera, such as a subscription's own."""
        self._paths[service] = path
        for signed in (True, False):
            self._services.pop((service, signed), None)

    def call(self, service: str, operation: str, *, signed: bool = True, **words: Any) -> Any:
        """Ask the camera; raises CameraSilent, CameraRefused, Untrustworthy."""
        if service not in self._paths:
            raise CameraRefused("ActionNotSupported", f"没有 ONVIF 服务 {service}")
        try:
            if (service, signed) not in self._services:
                self._services[service, signed] = self._open(service, signed)
            return getattr(self._services[service, signed], operation)(words)
        except Exception as error:  # onvif-zeep wraps every error in one of its own
            cause = error.__context__ or error
            match cause:
                case Untrustworthy():
                    raise cause from None
                case Fault():
                    code = " ".join(map(str, [cause.code, *(cause.subcodes or ())]))
                    raise CameraRefused(code, printable(cause.message)) from None
                case requests.RequestException() | OSError():
                    raise CameraSilent(type(cause).__name__) from None
                case ZeepError() | LxmlError() | ValueError() | TypeError() | AttributeError():
                    raise Untrustworthy(f"应答不合 ONVIF（{printable(str(cause))}）") from None
            raise

    def change(self, service: str, operation: str, **words: Any) -> Any:
        """As `call`, for what alters the camera."""
        return None if self.dry else self.call(service, operation, **words)

    def _open(self, service: str, signed: bool) -> Any:
        library, definition = _service_class(), _definition(service)
        client = Client(
            _document(service),
            wsse=self._token if signed else None,
            transport=BoundedTransport(),
            settings=SETTINGS,
        )
        address = f"http://{self.camera.host}:{self.camera.onvif_port}{self._paths[service]}"
        return library(
            address,
            None,  # it keeps user and password, and needs neither with a client of ours
            None,
            str(wsdl_folder() / definition["wsdl"]),
            zeep_client=client,
            binding_name=f"{{{definition['ns']}}}{definition['binding']}",
        )


def printable(text: object) -> str:
    """A device's words, fit for a terminal and a report."""
    kept = "".join(each if each.isprintable() else " " for each in str(text))
    return " ".join(kept.split())[:MOST_WORDS]


@cache
def wsdl_folder() -> Path:
    """Where onvif-zeep's WSDL files lie.

    Its wheel puts them at the site-packages of the Python that built it, which need not be this
    one's: so its own record is asked, not its module.
    """
    for file in files("onvif-zeep") or ():
        if file.name == "devicemgmt.wsdl":
            return Path(str(file.locate())).resolve().parent
    raise FileNotFoundError("onvif-zeep has no WSDL files")


def _definition(service: str) -> Mapping[str, str]:
    from onvif.definition import SERVICES  # noqa: PLC0415 - see `_service_class`

    found: Mapping[str, str] = SERVICES[service]
    return found


def _document(service: str) -> Document:
    with _loading:  # parsed once, then only read
        return _parsed(service)


@cache
def _parsed(service: str) -> Document:
    path = wsdl_folder() / _definition(service)["wsdl"]
    transport: Any = BoundedTransport()  # zeep's annotation asks for the class
    return Document(str(path), transport, settings=SETTINGS)


@cache
def _service_class() -> Any:
    """onvif-zeep's service; its import sets up logging for the whole program, which is ours to do,
    and does nothing when a handler is there already."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    from onvif import ONVIFService  # noqa: PLC0415

    return ONVIFService
