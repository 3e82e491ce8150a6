"""The terminal's face: every step of the acceptance in its order, one run from end to end."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from acceptance_kit.acceptance import Acceptance, Outcome, changed_since
from acceptance_kit.checks.running import Target
from acceptance_kit.evidence import one_at_a_time
from acceptance_kit.parts import Hand
from acceptance_kit.passages import PassageFacts
from acceptance_kit.questions import Answer, Asked
from acceptance_kit.screen import Screen, Stage
from acceptance_kit.steps import Kind
from acceptance_kit.trial import Truths
from appliance.profile.model import Profile


@dataclass(frozen=True, slots=True)
class Options:
    """Who is there, and what was given beforehand. `ask` is None when nobody is there to answer."""

    answers: Path | None = None
    by: str = ""
    ask: Callable[[Asked], Answer | None] | None = None
    confirm: Callable[[str], bool] = lambda _: False
    truths: Truths | None = None
    ask_truths: Callable[[Profile, Target, tuple[PassageFacts, ...]], Truths] | None = None


class Session:
    """A run through all steps, told on a screen."""

    def __init__(self, acceptance: Acceptance, options: Options, screen: Screen) -> None:
        self._acceptance = acceptance
        self._options = options
        self._screen = screen

    def run(self) -> Outcome:
        """All of it. What is interrupted keeps what it has, sealed."""
        with one_at_a_time(self._acceptance.folder):
            return self._run()

    def _run(self) -> Outcome:
        acceptance = self._acceptance
        for file in acceptance.begin():
            self._screen.note(changed_since(file))
        try:
            if self._options.answers is not None:
                acceptance.take(self._options.answers, self._options.by)
            for title, group in groupby(acceptance.steps(), key=lambda step: step.stage):
                steps = tuple(group)
                if steps[0].kind is not Kind.QUESTION and not any(map(acceptance.wanted, steps)):
                    continue
                with self._screen.stage(title) as stage:
                    if steps[0].kind is Kind.QUESTION:
                        stage.plan(len(steps))
                    for step in steps:
                        for finding in acceptance.do(step, self._hand(stage)):
                            stage.step(finding)
                acceptance.seal()
        finally:
            acceptance.seal()
        return acceptance.outcome()

    def _hand(self, stage: Stage) -> Hand:
        options = self._options

        def confirm(what: str) -> bool:
            with stage.paused():
                return options.confirm(what)

        def ask(one: Asked) -> Answer | None:
            with stage.paused():
                return options.ask(one)  # type: ignore[misc]

        def ask_truths(
            profile: Profile, target: Target, passages: tuple[PassageFacts, ...]
        ) -> Truths:
            with stage.paused():
                return options.ask_truths(profile, target, passages)  # type: ignore[misc]

        return Hand(
            tell=self._screen.note,
            plan=stage.plan,
            attended=options.ask_truths is not None,
            confirm=confirm,
            ask=ask if options.ask else None,
            truths=options.truths,
            ask_truths=ask_truths if options.ask_truths else None,
        )
