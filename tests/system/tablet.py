"""A field engineer's tablet on the platform side: comes in, begins a drill, watches it end.

Run there: python -m tests.system.tablet ADDRESS CODE DRILL; prints every sentence that it was told.
"""

import re
import sys
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

SENTENCE = re.compile(r"<li>([^<]+)</li>")
LOOK_SECONDS = 1.0


class Tablet:
    """A browser with its cookies, at an address."""

    def __init__(self, address: str) -> None:
        self._address = address
        keeps_cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._browser = urllib.request.build_opener(keeps_cookies)

    def see(self, place: str) -> str:
        """A page."""
        return self._open(place, None)

    def send(self, place: str, page: str = "", **fields: str) -> str:
        """A form, with the hidden fields of the page it stands on; the page that follows."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        return self._open(place, urllib.parse.urlencode(hidden | fields).encode())

    def _open(self, place: str, form: bytes | None) -> str:
        with self._browser.open(self._address + place, form, timeout=30) as answer:
            content: bytes = answer.read()
        return content.decode()


def main(address: str, code: str, drill: str) -> None:
    """Until the page no longer refreshes itself, which is when the drill is over."""
    tablet = Tablet(address)
    tablet.send("/login", name="张三", code=code)
    page = tablet.send(f"/drills/{drill}", tablet.see(f"/drills/{drill}"), ready="yes")
    while 'http-equiv="refresh"' in page:
        time.sleep(LOOK_SECONDS)
        page = tablet.see("/work")
    sys.stdout.write("\n".join(SENTENCE.findall(page)))


if __name__ == "__main__":
    main(*sys.argv[1:])
