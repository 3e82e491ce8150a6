"""A field engineer's tablet: a browser that has come in, and the kit's main thread beside it."""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from waiting import until
from werkzeug.test import TestResponse

from acceptance_kit.acceptance import Acceptance
from acceptance_kit.pages import Bench, create_acceptance_app
from acceptance_kit.pages.app import Entry
from acceptance_kit.pages.bench import Progress

CODE = "ABCD2345"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Tablet:
    """One browser. `bench` is what its pages order their work at."""

    browser: FlaskClient
    bench: Bench

    @classmethod
    def at(cls, acceptance: Acceptance) -> "Tablet":
        """A browser at an acceptance that begins; nobody has come in."""
        acceptance.begin()
        bench = Bench(acceptance, acceptance.clock)
        return cls(create_acceptance_app(bench, Entry(CODE, b"k" * 32)).test_client(), bench)

    def another(self) -> "Tablet":
        """A second browser at the same acceptance."""
        return Tablet(self.browser.application.test_client(), self.bench)

    def come_in(self, name: str = "张三", code: str = CODE) -> int:
        return self.browser.post("/login", data={"name": name, "code": code}).status_code

    def see(self, address: str) -> str:
        """A page that is there."""
        answer = self.browser.get(address, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def fill(
        self, page: str, to: str, /, photo: bytes | None = None, **fields: str
    ) -> TestResponse:
        """Send the form to `to` of a page that was seen before, with its hidden fields."""
        whole = re.search(rf'<form[^>]*action="{re.escape(to)}".*?</form>', page, re.DOTALL)
        assert whole, f"no form to {to} in {page}"
        data: dict[str, Any] = dict(HIDDEN.findall(whole[0])) | fields
        if photo is not None:
            data["photo"] = (io.BytesIO(photo), "photo.jpg")
        return self.browser.post(to, data=data)

    def send(self, address: str, /, to: str = "", **fields: Any) -> TestResponse:
        """Open a page and send one of its forms, by default the one that goes to itself."""
        return self.fill(self.see(address), to or address, **fields)

    @contextmanager
    def worked_for(self) -> Iterator[None]:
        """The kit's main thread stands at the bench meanwhile."""
        over = threading.Event()
        thread = threading.Thread(target=self.bench.work, args=(over.is_set,))
        thread.start()
        try:
            yield
        finally:
            self.bench.stop()
            over.set()
            thread.join()

    def ended(self) -> Progress:
        """The job's end."""

        def over() -> Progress | None:
            progress = self.bench.look()
            return progress if progress and not progress.running else None

        return until(over)
