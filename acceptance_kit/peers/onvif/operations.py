"""The operations of the simulated camera: a request's element in, the answer's XML out."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from lxml import etree

from acceptance_kit.peers.onvif.camera import Osd, SimulatedSettings
from acceptance_kit.peers.onvif.events import EVENTS, EventService, pulled, subscribed

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
RECORDING = "http://www.onvif.org/ver10/recording/wsdl"
SEARCH = "http://www.onvif.org/ver10/search/wsdl"
REPLAY = "http://www.onvif.org/ver10/replay/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
TT = f"{{{SCHEMA}}}"
LONGEST_WAIT = 4.0


class Unsupported(Exception):
    """The camera does not have this; ONVIF's ter:ActionNotSupported."""


class Operations:
    """One camera's answers; `base` is the address it tells of itself, true or not."""

    def __init__(self, settings: SimulatedSettings, base: str) -> None:
        self._settings = settings
        self.base = base
        self._known: Mapping[str, Callable[[etree._Element], str]] = {
            "GetSystemDateAndTime": self._get_time,
            "SetSystemDateAndTime": self._set_time,
            "GetNTP": self._get_ntp,
            "SetNTP": self._set_ntp,
            "GetDeviceInformation": self._get_information,
            "GetServices": self._get_services,
            "GetProfiles": self._get_profiles,
            "GetStreamUri": self._get_stream_uri,
            "GetOSDs": self._get_osds,
            "CreateOSD": self._create_osd,
            "SetOSD": self._set_osd,
            "GetRecordingJobs": self._get_jobs,
            "SetRecordingJobMode": self._set_job_mode,
            "CreatePullPointSubscription": self._subscribe,
            "FindRecordings": self._find_recordings,
            "GetRecordingSearchResults": self._get_search_results,
            "GetReplayUri": self._get_replay_uri,
        }

    def answer(self, request: etree._Element) -> str:
        """The body of the answer; raises Unsupported."""
        name = etree.QName(request)
        act = self._known.get(name.localname)
        if act is None:
            raise Unsupported(name.localname)
        if name.localname.startswith(("Set", "Create")):
            self._settings.changes.append(name.localname)
        inner = act(request)
        answer = f"a:{name.localname}Response"
        return f'<{answer} xmlns:a="{name.namespace}">{inner}</{answer}>'

    # Device

    def _get_time(self, _request: etree._Element) -> str:
        now, settings = self._settings.now(), self._settings
        return (
            f"<a:SystemDateAndTime><tt:DateTimeType>{settings.mode}</tt:DateTimeType>"
            f"<tt:DaylightSavings>false</tt:DaylightSavings>"
            f"<tt:TimeZone><tt:TZ>{escape(settings.zone)}</tt:TZ></tt:TimeZone>"
            f"<tt:UTCDateTime><tt:Time><tt:Hour>{now.hour}</tt:Hour>"
            f"<tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second></tt:Time>"
            f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month>"
            f"<tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime></a:SystemDateAndTime>"
        )

    def _set_time(self, request: etree._Element) -> str:
        self._settings.mode = _text(request, "DateTimeType")
        self._settings.zone = _text(request, "TZ") or self._settings.zone
        if request.find(f".//{TT}Year") is not None:
            names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
            year, month, day, hour, minute, second = (int(_text(request, each)) for each in names)
            self._settings.set_clock(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
        return ""

    def _get_ntp(self, _request: etree._Element) -> str:
        servers = "".join(
            f"<tt:NTPManual><tt:Type>IPv4</tt:Type>"
            f"<tt:IPv4Address>{escape(server)}</tt:IPv4Address></tt:NTPManual>"
            for server in self._settings.ntp
        )
        return f"<a:NTPInformation><tt:FromDHCP>false</tt:FromDHCP>{servers}</a:NTPInformation>"

    def _set_ntp(self, request: etree._Element) -> str:
        found = request.iter(f"{TT}IPv4Address", f"{TT}DNSname")
        self._settings.ntp = [str(each.text) for each in found]
        return ""

    def _get_information(self, _request: etree._Element) -> str:
        told = {
            "Manufacturer": "gatehouse",
            "Model": "simulated camera",
            "FirmwareVersion": "1",
            "SerialNumber": "0",
            "HardwareId": "none",
        }
        return "".join(f"<a:{name}>{value}</a:{name}>" for name, value in told.items())

    def _get_services(self, _request: etree._Element) -> str:
        paths = {DEVICE: "device_service"}
        if self._settings.profiles:
            paths[MEDIA] = "media_service"
        if self._settings.recording_jobs is not None:
            paths[RECORDING] = "recording_service"
        if self._settings.events is not None:
            paths[EVENTS] = "event_service"
        if self._settings.recordings is not None:
            paths |= {SEARCH: "search_service", REPLAY: "replay_service"}
        return "".join(
            f"<a:Service><a:Namespace>{space}</a:Namespace>"
            f"<a:XAddr>{escape(self.base)}/onvif/{path}</a:XAddr>"
            f"<a:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></a:Version></a:Service>"
            for space, path in paths.items()
        )

    # Media

    def _get_profiles(self, _request: etree._Element) -> str:
        return "".join(
            f'<a:Profiles token="{escape(each.token)}" fixed="true"><tt:Name>{escape(each.token)}'
            '</tt:Name><tt:VideoSourceConfiguration token="source"><tt:Name>s</tt:Name>'
            "<tt:UseCount>1</tt:UseCount><tt:SourceToken>source</tt:SourceToken>"
            f'<tt:Bounds x="0" y="0" width="{each.width}" height="{each.height}"/>'
            f'</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="{each.token}">'
            f"<tt:Name>e</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{each.codec}"
            f"</tt:Encoding><tt:Resolution><tt:Width>{each.width}</tt:Width><tt:Height>"
            f"{each.height}</tt:Height></tt:Resolution><tt:Quality>1</tt:Quality>"
            "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>"
            "</a:Profiles>"
            for each in self._settings.profiles
        )

    def _get_stream_uri(self, request: etree._Element) -> str:
        wanted = str(request.findtext(f"{{{MEDIA}}}ProfileToken"))
        profile = next(each for each in self._settings.profiles if each.token == wanted)
        uri = f"rtsp://127.0.0.1:{self._settings.rtsp_port}{profile.path}"
        return (
            f"<a:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
            "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
            "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
            "<tt:Timeout>PT0S</tt:Timeout></a:MediaUri>"
        )

    def _get_osds(self, _request: etree._Element) -> str:
        if self._settings.osd_limit is None:
            raise Unsupported("GetOSDs")
        return "".join(
            f'<a:OSDs token="{each.token}">'
            "<tt:VideoSourceConfigurationToken>source</tt:VideoSourceConfigurationToken>"
            f"<tt:Type>Text</tt:Type><tt:Position><tt:Type>{each.place}</tt:Type></tt:Position>"
            f"<tt:TextString><tt:Type>{each.kind}</tt:Type>"
            + (f"<tt:PlainText>{escape(each.text)}</tt:PlainText>" if each.text else "")
            + "</tt:TextString></a:OSDs>"
            for each in self._settings.osds
        )

    def _create_osd(self, request: etree._Element) -> str:
        limit = self._settings.osd_limit
        if limit is None or len(self._settings.osds) >= limit:
            raise Unsupported("CreateOSD")
        token = self._settings.put_osd(_osd(request, ""))
        return f"<a:OSDToken>{token}</a:OSDToken>"

    def _set_osd(self, request: etree._Element) -> str:
        osd = request.find(f".//{{{MEDIA}}}OSD")
        self._settings.put_osd(_osd(request, "" if osd is None else str(osd.get("token"))))
        return ""

    # Recording

    def _get_jobs(self, _request: etree._Element) -> str:
        return "".join(
            f"<a:JobItem><tt:JobToken>{escape(token)}</tt:JobToken><tt:JobConfiguration>"
            "<tt:RecordingToken>r</tt:RecordingToken>"
            f"<tt:Mode>{mode}</tt:Mode><tt:Priority>1</tt:Priority></tt:JobConfiguration>"
            "</a:JobItem>"
            for token, mode in (self._settings.recording_jobs or {}).items()
        )

    def _set_job_mode(self, request: etree._Element) -> str:
        if self._settings.recording_jobs is None:
            raise Unsupported("SetRecordingJobMode")
        token = str(request.findtext(f"{{{RECORDING}}}JobToken"))
        self._settings.recording_jobs[token] = str(request.findtext(f"{{{RECORDING}}}Mode"))
        return ""

    # Events

    def _subscribe(self, _request: etree._Element) -> str:
        events = self._events()
        path = events.subscribe()
        return subscribed(self.base, path, self._settings.now(), events.life)

    def pull(self, request: etree._Element, path: str) -> str:
        """The answer to PullMessages at a subscription's path; may wait. Raises Unsupported."""
        events = self._events()
        wait = re.fullmatch(r"PT(\d{1,3})(\.\d+)?S", _text(request, "Timeout"))
        seconds = min(float(wait[1]), LONGEST_WAIT) if wait else 0.0
        messages = events.pull(path, seconds, int(_text(request, "MessageLimit") or 1))
        if messages is None:
            raise Unsupported("no such subscription")
        answer = pulled(messages, self._settings.now(), events.life)
        return f'<a:PullMessagesResponse xmlns:a="{EVENTS}">{answer}</a:PullMessagesResponse>'

    def _events(self) -> EventService:
        if self._settings.events is None:
            raise Unsupported("events")
        return self._settings.events

    def _find_recordings(self, _request: etree._Element) -> str:
        if self._settings.recordings is None:
            raise Unsupported("FindRecordings")
        return "<a:SearchToken>all</a:SearchToken>"

    def _get_search_results(self, _request: etree._Element) -> str:
        found = "".join(
            f"<tt:RecordingInformation><tt:RecordingToken>{escape(each.token)}</tt:RecordingToken>"
            "<tt:Source><tt:SourceId>s</tt:SourceId><tt:Name>n</tt:Name><tt:Location>l"
            "</tt:Location><tt:Description>d</tt:Description><tt:Address>a</tt:Address>"
            f"</tt:Source><tt:EarliestRecording>{_utc(each.begin)}</tt:EarliestRecording>"
            f"<tt:LatestRecording>{_utc(each.end)}</tt:LatestRecording><tt:Content>c</tt:Content>"
            "<tt:RecordingStatus>Recording</tt:RecordingStatus></tt:RecordingInformation>"
            for each in self._settings.recordings or ()
        )
        state = "<tt:SearchState>Completed</tt:SearchState>"
        return f"<a:ResultList>{state}{found}</a:ResultList>"

    def _get_replay_uri(self, request: etree._Element) -> str:
        wanted = str(request.findtext(f"{{{REPLAY}}}RecordingToken"))
        found = next(each for each in self._settings.recordings or () if each.token == wanted)
        # An address that leads elsewhere: who trusts it is led astray.
        uri = f"rtsp://192.0.2.1:{self._settings.rtsp_port}{found.path}"
        return f"<a:Uri>{escape(uri)}</a:Uri>"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _osd(request: etree._Element, token: str) -> Osd:
    text = request.find(f".//{TT}TextString")
    place = request.find(f".//{TT}Position")
    return Osd(
        token=token,
        kind="" if text is None else _text(text, "Type"),
        text="" if text is None else _text(text, "PlainText"),
        place="" if place is None else _text(place, "Type"),
    )


def _text(element: etree._Element, name: str) -> str:
    """The text of the first element of that name below, whichever namespace ONVIF put it in."""
    for each in element.iter():
        if isinstance(each.tag, str) and etree.QName(each).localname == name:
            return each.text or ""
    return ""
