"""The gatekeepers' entry page: open in the maintenance network, by name and password."""

import json
import sys

from .bed import Bed

SECRET, KEEPER = "gatekeeper-wang", "王守门"

LOG_IN = """
import http.cookiejar, json, sys, urllib.error, urllib.parse, urllib.request
address, form = sys.argv[1], json.load(sys.stdin)
cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
browser = urllib.request.build_opener(cookies)
browser.open(f"http://{address}:8081/login", timeout=10).read()
try:
    posted = urllib.parse.urlencode(form).encode()
    page = browser.open(f"http://{address}:8081/login", posted, timeout=10)
except urllib.error.HTTPError as error:
    page = error
print(json.dumps([page.status, page.url, page.read().decode()]))
"""


def password_on(box: Bed) -> str:
    """The gatekeeper's, as the box has it."""
    return box.run(["cat", f"/etc/gatehouse/secrets/{SECRET}"]).stdout.strip()


def entered(box: Bed, name: str, password: str) -> tuple[int, str, str]:
    """Log in from the platform side: status, address and text of the page that one comes to."""
    told = box.platform.run(
        [sys.executable, "-c", LOG_IN, box.address],
        input=json.dumps({"name": name, "password": password}),
    )
    status, url, text = json.loads(told.stdout)
    return status, url, text


def test_a_gatekeeper_logs_in_from_the_neighbour_and_sees_what_waits_for_a_plate(
    appliance: Bed,
) -> None:
    status, url, text = entered(appliance, KEEPER, password_on(appliance))
    assert status == 200
    assert not url.endswith("/login")
    assert KEEPER in text


def test_a_wrong_password_and_a_stranger_are_refused(appliance: Bed) -> None:
    assert entered(appliance, KEEPER, "not-it")[0] == 403
    assert entered(appliance, "nobody", password_on(appliance))[0] == 403
