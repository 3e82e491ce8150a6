"""Cutting: which pieces of which fragments show a span of time, and the MP4 made of them.

Nothing is coded anew unless words are to be written into the picture. A browser wants the index
of an MP4 before its pictures (`faststart`), so ffmpeg puts the pieces into another order.
"""

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from appliance.fonts import typeface
from appliance.runtime.video.boxes import Codec, Film, Head, Piece, look_into, piece_at

JOINED_SECONDS = 0.5
CUT_SECONDS = 300.0
"""For all of a cut; what takes longer hangs."""

COPY = ("-c", "copy")
ENCODE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p")
HEVC = ("-tag:v", "hvc1")
"""The name under which players that know H.265 look for it."""

READ = (
    *("nice", "-n", "10", "ffmpeg", "-hide_banner", "-loglevel", "error", "-y"),
    *("-threads", "1", "-f", "mp4", "-i", "pipe:0", "-map", "0:v:0"),
)


class CutFailed(Exception):
    """ffmpeg made no film of it; the message is what it said, for the log."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of pieces, and when its first picture was taken."""

    file: Path
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Shot:
    """Pieces that together show a span: where each lies, and when it is to be shown (ticks)."""

    head: Head
    began_at: datetime
    pieces: tuple[tuple[Path, tuple[int, int, Piece], int], ...]

    @property
    def seconds(self) -> float:
        """From the first picture to the end of the last."""
        _, (_, _, last), start = self.pieces[-1]
        return (start + last.ticks) / self.head.timescale


def choose(sources: Sequence[Source], begin: datetime, end: datetime) -> Shot | None:
    """The pieces that show from `begin` (or a little sooner: from a whole picture) to `end`.

    Where a camera changed its pictures' form meanwhile, only those like the longest part are taken:
    one film has one form. None when there is nothing. Raises OSError.
    """
    parts: dict[bytes, list[tuple[Path, Film, datetime]]] = {}
    for source in sources:
        film = look_into(source.file)
        if film is not None and film.places:
            parts.setdefault(film.head.data, []).append((source.file, film, source.began_at))
    shots = [shot for part in parts.values() if (shot := _shot(part, begin, end))]
    return max(shots, key=lambda shot: len(shot.pieces), default=None)


def _shot(part: list[tuple[Path, Film, datetime]], begin: datetime, end: datetime) -> Shot | None:
    head = part[0][1].head
    chosen: list[tuple[Path, tuple[int, int, Piece], datetime]] = []
    for file, film, began_at in part:
        zero = film.places[0][2].start
        held: list[tuple[Path, tuple[int, int, Piece], datetime]] = []
        for place in film.places:
            piece = place[2]
            at = began_at + timedelta(seconds=(piece.start - zero) / head.timescale)
            if at >= end:
                break
            if at + timedelta(seconds=piece.ticks / head.timescale) > begin:
                chosen += [*(() if piece.key else held), (file, place, at)]
                held = []
            elif piece.key:
                held = [(file, place, at)]
            elif held:
                held.append((file, place, at))
    if not chosen:
        return None
    first = chosen[0][2]
    pieces, reached = [], 0
    for file, place, at in chosen:
        start = round((at - first).total_seconds() * head.timescale)
        if start < reached or start - reached < JOINED_SECONDS * head.timescale:
            start = reached
        pieces.append((file, place, start))
        reached = start + place[2].ticks
    return Shot(head, first, tuple(pieces))


def cut(shot: Shot, out: Path, caption: str | None = None) -> Codec:
    """Write the shot as an MP4 that a browser plays, replacing `out`; returns how it is coded.

    With a `caption` the time and these words are written into the picture, which is coded anew.
    Raises CutFailed, FontMissing, OSError.
    """
    codec = shot.head.codec if caption is None else Codec.H264
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        how = [*COPY, *(HEVC if codec is Codec.H265 else ())]
        if caption is not None:
            how = ["-vf", _drawing(folder, shot.began_at, caption), *ENCODE]
        words = [*READ, *how, "-movflags", "+faststart", "-f", "mp4", str(out)]
        with (folder / "said").open("w+b") as said:
            code = _run(words, shot, said)
            said.seek(0)
            if code or not out.is_file():
                raise CutFailed(said.read().decode("utf-8", "replace").strip()[-300:])
    return codec


def _run(words: list[str], shot: Shot, said: IO[bytes]) -> int:
    """Give ffmpeg the pieces, and wait for its end; returns its exit code."""
    environment = {**os.environ, "TZ": "CST-8"}
    with subprocess.Popen(  # noqa: S603  # a list, no shell
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment
    ) as ffmpeg:
        assert ffmpeg.stdin is not None  # noqa: S101  # it is a pipe
        timer = threading.Timer(CUT_SECONDS, ffmpeg.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # its exit code says why
                _pour(shot, ffmpeg.stdin)
            with contextlib.suppress(BrokenPipeError):  # what was not taken yet
                ffmpeg.stdin.close()
            return ffmpeg.wait()
        except BaseException:
            ffmpeg.kill()
            raise
        finally:
            timer.cancel()


def _pour(shot: Shot, into: IO[bytes]) -> None:
    into.write(shot.head.data)
    with contextlib.ExitStack() as files:
        opened: dict[Path, IO[bytes]] = {}
        for file, place, start in shot.pieces:
            if file not in opened:
                opened[file] = files.enter_context(file.open("rb"))
            into.write(piece_at(opened[file], place).at(start))


def _drawing(folder: Path, began_at: datetime, caption: str) -> str:
    """The filter that writes the running time and the caption at the lower left."""
    text = folder / "text"
    moment = f"%{{pts:localtime:{began_at.timestamp():.3f}:%Y-%m-%d %H\\:%M\\:%S}}"
    text.write_text(f"{moment}  {caption}", "utf-8")
    look = "fontsize=h/24:x=h/40:y=h-4*th:fontcolor=white:borderw=3:bordercolor=black"
    return f"drawtext=fontfile={typeface()}:textfile={text}:{look}"
