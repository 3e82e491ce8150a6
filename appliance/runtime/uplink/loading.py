"""From a message of the outbox to the packets that leave, with its attempt counted first."""

import json
from collections import deque
from contextlib import suppress
from typing import Any

from appliance.guideline.dictionaries import GateState, Production
from appliance.guideline.messages import CAMERA, PASSAGE, STATUS
from appliance.profile.model import Profile
from appliance.profile.secrets import SecretFault, SecretStore
from appliance.runtime.journal import Journal, UnknownPassage
from appliance.runtime.journal.values import OutboxItem, RecordedPassage
from appliance.runtime.uplink.compose import Composer, Packet, Qns
from appliance.runtime.uplink.darkroom import MOST_AHEAD
from appliance.runtime.uplink.flight import Outgoing
from appliance.runtime.uplink.message import Unsendable


class Loader:
    """Composes messages; a password is read when its message leaves, and kept nowhere."""

    def __init__(self, profile: Profile, journal: Journal, secrets: SecretStore) -> None:
        self._cameras = {camera.id: camera for camera in profile.cameras}
        self._composer = Composer(profile, journal.photo_path)
        self._journal = journal
        self._secrets = secrets
        self._ahead: deque[int] = deque(maxlen=MOST_AHEAD)  # messages whose photos were begun

    def load(self, item: OutboxItem) -> Outgoing:
        """The message ready to leave.

        Composed once before the attempt is counted, since a message of which no byte left can
        still be mended by a correction; and again if a correction came in between. Raises
        Unsendable, and NotWaiting when the message waits no more.
        """

        def qns(count: int) -> tuple[str, ...]:
            return self._journal.packet_qns(item, count)

        if item.cn != PASSAGE:
            packets = self._news(item, qns)
            return Outgoing(self._journal.begin_attempt(item), item.queued_at, packets)
        passage = self._passage(item)
        packets = self._composer.passage(passage, qns)
        begun = self._journal.begin_attempt(item)
        latest = self._passage(item)
        if latest != passage:
            packets = self._composer.passage(latest, qns)
        return Outgoing(begun, latest.passed_at, packets)

    def ahead(self, item: OutboxItem) -> None:
        """Have the photo of a message made that will leave soon; `close` is then owed."""
        if item.cn == PASSAGE and item.id not in self._ahead:
            self._ahead.append(item.id)
            with suppress(Unsendable):  # said when the message is loaded
                self._composer.ahead(self._passage(item))

    def close(self) -> None:
        """End what was begun ahead."""
        self._composer.close()

    def _passage(self, item: OutboxItem) -> RecordedPassage:
        if item.passage_id is None:
            raise Unsendable("报文没有对应的进出厂记录")
        try:
            return self._journal.passage(item.passage_id)
        except UnknownPassage as unknown:
            raise Unsendable(str(unknown)) from unknown

    def _news(self, item: OutboxItem, qns: Qns) -> tuple[Packet, ...]:
        said: dict[str, Any] = json.loads(item.payload or "{}")
        if item.cn == STATUS:
            state, production = GateState(said["state"]), Production(said["production"])
            return self._composer.status(state, production, item.queued_at, qns)
        if item.cn != CAMERA:
            raise Unsendable(f"数据类型编码（CN）{item.cn}的报文尚不支持")
        camera = self._cameras.get(said["camera"])
        if camera is None:
            raise Unsendable(f"站点配置中已没有相机“{said['camera']}”")
        try:
            password = self._secrets.resolve(camera.password)
        except SecretFault as fault:
            raise Unsendable(f"视频密码（F_PSD）：{fault}") from fault
        return self._composer.camera(camera, password, item.queued_at, qns)
