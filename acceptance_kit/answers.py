"""Answers in a file: those of the evidence folder, kept between runs, and those of `--answers`.

    by: 张三                              # who answers, where an answer does not say itself
    site.fibre: 是
    site.bandwidth: {answer: 50, note: 运营商测速, photo: speed.jpg}
    barrier.anti-crush: 是                # for every barrier
    barrier.anti-crush@A02: {answer: 否, note: 地感线圈未接}

Both have this form. What the file cannot mean is refused, with a sentence each.
"""

import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from acceptance_kit.evidence import ANSWERS, FILES, EvidenceFolder, whole_file
from acceptance_kit.questions import Answer, Asked, asked, wrong
from appliance.clock import BEIJING
from appliance.profile.model import Profile
from appliance.trouble import Trouble

MOST_BYTES = 1_000_000
MOST_PHOTO_BYTES = 20_000_000
MOST_PIXELS = 64_000_000
KEYS = {"answer", "by", "at", "note", "photo"}
WORDS = {True: "是", False: "否"}
PICTURES = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png"}
PICTURE = re.compile(r"[^/\x00]{1,200}")

Answers = Mapping[str, Answer]
"""By the name of what was asked, `ITEM@SUBJECT`."""


def kept(folder: EvidenceFolder, profile: Profile) -> dict[str, Answer]:
    """The answers that earlier runs kept; of what is no longer asked, nothing."""
    file = folder.path / ANSWERS
    if not file.exists():
        return {}
    return _read(file, profile, "", None, strict=False)


def keep(folder: EvidenceFolder, answers: Answers) -> None:
    """Write all answers; the file is whole or not there."""
    told = {
        name: {
            key: value
            for key, value in {
                "answer": answer.said,
                "by": answer.by,
                "at": answer.at.isoformat(timespec="seconds"),
                "note": answer.note,
                "photo": answer.photo,
            }.items()
            if value
        }
        for name, answer in sorted(answers.items())
    }
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False)
    with whole_file(folder.path / ANSWERS) as half:
        half.write_text(text, "utf-8")


def given(
    file: Path, profile: Profile, by: str, now: datetime, folder: EvidenceFolder
) -> dict[str, Answer]:
    """The answers of `--answers FILE`; their photos are copied into the folder's files.

    `by` answers where the file does not say who. Raises Trouble, a line for each fault.
    """
    found = _read(file, profile, by, now, strict=True)
    return {
        name: answer
        if answer.photo is None
        else Answer(
            answer.said,
            answer.by,
            answer.at,
            answer.note,
            keep_photo(folder, name, file.parent / answer.photo),
        )
        for name, answer in found.items()
    }


def keep_photo(folder: EvidenceFolder, name: str, file: Path) -> str:
    """Copy the picture that goes with an answer; returns its name. Raises Trouble."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_PHOTO_BYTES + 1)
    except OSError as error:
        raise Trouble(
            f"读不了照片 {file}。请核对文件名，相对路径从答案文件所在目录算起。"
        ) from error
    return keep_picture(folder, name, content, str(file))


def keep_picture(folder: EvidenceFolder, name: str, content: bytes, source: str) -> str:
    """Keep the picture that goes with an answer, in the place of an earlier one; returns its name.

    Raises Trouble when it is none that can be shown whole: JPEG or PNG, 20 MB, 64 megapixels.
    """
    kind = next((kind for mark, kind in PICTURES.items() if content.startswith(mark)), None)
    if kind is None or len(content) > MOST_PHOTO_BYTES or not _whole(content):
        raise Trouble(f"{source} 不是 20 MB 以内、完好的 JPEG 或 PNG 照片。")
    for other in set(PICTURES.values()) - {kind}:
        (folder.path / FILES / f"{name}.{other}").unlink(missing_ok=True)
    return folder.keep_file(f"{name}.{kind}", content)


def _whole(content: bytes) -> bool:
    """Whether a picture can be decoded to its end; what claims to be huge is not tried."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return False
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def _read(
    file: Path, profile: Profile, by: str, now: datetime | None, *, strict: bool
) -> dict[str, Answer]:
    known = {one.name: one for one in asked(profile)}
    told = _mapping(file)
    faults: list[str] = []
    found: dict[str, Answer] = {}
    by = str(told.pop("by", by) or by) if strict else by
    # What is said of one thing goes before what is said of all of its kind.
    for key in sorted(told, key=lambda key: "@" in str(key)):
        meant = _meant(str(key), known.values())
        if not meant and strict:
            faults.append(f"{key}：没有这个问题，或没有这个出入口、道闸、相机、工控机。")
        for one in meant:
            answer = answer_of(one, told[key], by, now)
            if isinstance(answer, str):
                faults.append(f"{key}：{answer}")
                break
            found[one.name] = answer
    if faults:
        raise Trouble("\n".join(f"{file} {fault}" for fault in faults[:20]))
    return found


def _mapping(file: Path) -> dict[Any, Any]:
    try:
        with file.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
        told = yaml.load(raw.decode("utf-8-sig"), Loader=_OnceLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise Trouble(f"读不了答案文件 {file}。请核对路径。") from error
    except UnicodeDecodeError as error:
        raise Trouble(f"答案文件 {file} 不是 UTF-8 文本。") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        raise Trouble(f"答案文件 {file} {line}写法不对：每行写作“问题: 答案”。") from error
    if len(raw) > MOST_BYTES or not isinstance(told or {}, dict):
        raise Trouble(f"{file} 不是答案文件：应为“问题: 答案”的 YAML，不超过 1 MB。")
    return dict(told or {})


class _OnceLoader(yaml.SafeLoader):
    """A SafeLoader that refuses a key written twice, which YAML would answer with the later."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """See PyYAML."""
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(map(str, keys))):
            raise yaml.constructor.ConstructorError(
                None, None, "a key stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _meant(key: str, known: Iterable[Asked]) -> list[Asked]:
    return [one for one in known if key in {one.name, one.question.item}]


def answer_of(  # noqa: PLR0911 - a sentence for each way to go wrong
    one: Asked, told: Any, by: str, now: datetime | None
) -> Answer | str:
    """The answer, or a Chinese sentence that says why it is none."""
    parts = told if isinstance(told, dict) else {"answer": told}
    strangers = [str(key) for key in parts if key not in KEYS]
    if strangers:
        return f"不认识“{strangers[0]}”，可用 answer、by、at、note、photo。"
    if any(isinstance(value, dict | list) for value in parts.values()):
        return "answer、by、at、note、photo 都只能是一个值。"
    raw = parts.get("answer")
    said = WORDS[raw] if isinstance(raw, bool) else "" if raw is None else str(raw).strip()
    if (fault := wrong(one.question, said)) is not None:
        return fault
    who = str(parts.get("by") or by).strip()
    if not who or len(who) > 50 or not who.isprintable():
        return "没有写明谁回答的，请写 by: 姓名。"
    note = str(parts.get("note") or "").strip()
    if len(note) > 500 or not note.isprintable():
        return "说明（note）请写成一行，不超过 500 字。"
    if said == "不适用" and not note:
        return "回答“不适用”时请写明原因（说明，note）。"
    photo = parts.get("photo")
    if photo is not None and not PICTURE.fullmatch(Path(str(photo)).name):
        return "photo 应为照片的文件名。"
    at = _moment(parts.get("at"), now)
    if at is None:
        return "at 应为回答的时间，如 2026-11-25T09:30:00+08:00。"
    return Answer(said, who, at, note, None if photo is None else str(photo))


def _moment(told: object, now: datetime | None) -> datetime | None:
    if told is None:
        return now
    try:
        at = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=BEIJING)).astimezone(BEIJING)
