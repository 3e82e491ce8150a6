"""The model store: find weights on this machine, and fetch them when an operator says so.

Looking never downloads: a box on a bad link must not hang at start because a weight is missing.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.caches import cache_folder
from appliance.models.lock import Model, locked_models
from appliance.models.sources import SourceFailed, from_hyperlpr3, from_package
from appliance.trouble import Trouble

SHARED = Path(__file__).parents[3] / "shared" / "models"
PACKAGED = Path(__file__).parent
"""Weights of our own making come with gatehouse itself; they are verified like all others."""


class ModelMissing(Trouble):
    """A locked model is on none of this machine's places; the message says how to get it."""


NOT_HERE = "本机没有"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a model lies, or None with what was wrong there (Chinese)."""

    model: Model
    path: Path | None
    note: str

    @property
    def is_damaged(self) -> bool:
        """Whether a file of that name is here, but not the locked one."""
        return self.path is None and self.note != NOT_HERE


class ModelStore:
    """The places a model may lie in, in order: a named directory, ../shared, this package, the
    cache."""

    def __init__(self, directories: tuple[Path, ...], cache: Path) -> None:
        self.directories = directories
        self.cache = cache

    @classmethod
    def default(cls, environment: Mapping[str, str] = os.environ) -> "ModelStore":
        """`GATEHOUSE_MODELS` names a directory of weights; the cache follows XDG."""
        named = environment.get("GATEHOUSE_MODELS")
        return cls(
            directories=(Path(named),) if named else (),
            cache=cache_folder("models", environment),
        )

    def find(self, name: str) -> Found:
        """Look for a model and verify it; never downloads."""
        model = locked_models()[name]
        places = [directory / name for directory in self.directories]
        if model.shared:
            places.append(SHARED / model.shared)
        if model.packaged:
            places.append(PACKAGED / model.packaged)
        places.append(self.cache / name)
        note = NOT_HERE
        for place in places:
            if not place.is_file():
                continue
            if is_genuine(model, place):
                return Found(model, place, "已核对")
            note = f"{place} 与锁定的文件不符"
        return Found(model, None, note)

    def locate(self, name: str, *, fetched_by: str = "gatehouse models fetch") -> Path:
        """The verified file of a model; raises ModelMissing with what to do, such as the command
        it is `fetched_by`."""
        found = self.find(name)
        if found.path is None and found.model.packaged:
            raise ModelMissing(
                f"随软件安装的识别模型 {name} 不可用（{found.note}）。请重新安装 gatehouse。"
            )
        if found.path is None:
            raise ModelMissing(
                f"缺少识别模型 {name}（{found.note}）。"
                f"请在能访问软件源的机器上运行 {fetched_by}，"
                "或把该文件放入 GATEHOUSE_MODELS 指定的目录。"
            )
        return found.path

    def fetch(self, name: str, say: Callable[[str], None]) -> Path:
        """Make sure a model is here, from the first source that has it; raises ModelMissing."""
        found = self.find(name)
        if found.path is not None:
            return found.path
        model = found.model
        troubles = [found.note]
        self.cache.mkdir(parents=True, exist_ok=True)
        for place, source in (("软件源", from_package), ("hyperlpr3 的下载地址", from_hyperlpr3)):
            try:
                data = source(model, say)
            except SourceFailed as trouble:
                troubles.append(str(trouble))
                continue
            if data is None:
                continue
            if len(data) != model.size or hashlib.sha256(data).hexdigest() != model.sha256:
                troubles.append(f"{place}给的文件与锁定的不符")
                continue
            target = self.cache / name
            part = target.with_suffix(f".part{os.getpid()}")
            part.write_bytes(data)
            part.replace(target)
            return target
        raise ModelMissing(
            f"取不到识别模型 {name}：{'；'.join(troubles)}。"
            "请检查网络后重试，或从另一台机器复制该文件到 GATEHOUSE_MODELS 指定的目录。"
        )


def is_genuine(model: Model, path: Path) -> bool:
    """Whether a file has the locked size and digest."""
    if path.stat().st_size != model.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == model.sha256
