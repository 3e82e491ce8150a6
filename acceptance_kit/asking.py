"""Asking the engineer at the terminal: the questions, and whether a drill may begin."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from acceptance_kit.answers import keep_photo
from acceptance_kit.checks.running import Target
from acceptance_kit.evidence import EvidenceFolder
from acceptance_kit.passages import PassageFacts
from acceptance_kit.questions import Answer, Asked, Kind, wrong
from acceptance_kit.trial import Truths
from acceptance_kit.trial_session import ask_in_terminal
from appliance.clock import Clock
from appliance.profile.model import Profile
from appliance.trouble import Trouble

WORDS = {"y": "是", "yes": "是", "是": "是", "n": "否", "no": "否", "否": "否"}


class Asker:
    """Asks on a terminal; an empty answer leaves the question for another time."""

    def __init__(self, console: Console, folder: EvidenceFolder, clock: Clock, by: str) -> None:
        self._console = console
        self._folder = folder
        self._clock = clock
        self._by = by

    def ask(self, one: Asked) -> Answer | None:
        """The answer to one question, None when it is left open."""
        question = one.question
        about = f"（{one.subject}）" if one.subject else ""
        self._console.print(f"\n[bold]{escape(question.text)}{about}[/bold]")
        if question.help:
            self._console.print(f"[dim]{escape(question.help)}[/dim]")
        hint = {Kind.YES: "是/否/不适用", Kind.NUMBER: question.unit, Kind.TEXT: "一行文字"}
        while True:
            said = self._line(f"  {hint[question.kind]}，回车跳过：")
            said = WORDS.get(said.lower(), said)
            if not said:
                return None
            if (fault := wrong(question, said)) is None:
                break
            self._console.print(f"  {fault}")
        note = self._note(needed=said == "不适用")
        photo = self._photo(one) if question.photo else None
        return Answer(said, self._who(), self._clock.now(), note, photo)

    def confirm(self, what: str) -> bool:
        """Whether a drill may begin now."""
        return WORDS.get(self._line(f"{what} 现在开始吗？是/否：").lower(), "") == "是"

    def ask_truths(
        self, profile: Profile, target: Target, passages: tuple[PassageFacts, ...]
    ) -> Truths:
        """What the passages truly were, as far as the engineer wants to go now."""
        machine = profile.machine(target.machine)
        address = target.place.address or str(profile.network.status_page.address)
        return ask_in_terminal(
            self._folder,
            profile,
            machine.name,
            passages,
            host=address,
            console=self._console,
        )

    def _who(self) -> str:
        while not self._by:
            self._by = self._line("  您的姓名：")
        return self._by

    def _note(self, *, needed: bool) -> str:
        while True:
            note = self._line(f"  说明（{'必填' if needed else '可不填'}）：")
            if note or not needed:
                return note

    def _photo(self, one: Asked) -> str | None:
        while (said := self._line("  照片文件（可不填）：")) != "":
            try:
                return keep_photo(self._folder, one.name, Path(said))
            except Trouble as trouble:
                self._console.print(f"  {escape(str(trouble))}")
        return None

    def _line(self, prompt: str) -> str:
        return self._console.input(prompt, markup=False).strip()
