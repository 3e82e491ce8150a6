"""The tablet's face of an acceptance: the terminal's steps as pages in a browser.

    browser → app (login, token, bounds) → rooms, asking, drilling, judging, filing
    what takes its time → bench: one job at once, done by the main thread as in a terminal

Served for the length of an acceptance by `gatehouse accept --serve`, from where the kit runs.
"""

from acceptance_kit.pages.app import create_acceptance_app
from acceptance_kit.pages.bench import Bench
from acceptance_kit.pages.serving import serve_acceptance

__all__ = ["Bench", "create_acceptance_app", "serve_acceptance"]
