"""What a comparison concludes."""

from rich.console import Console

from appliance.provisioning.drift import as_table, differences, exit_code
from appliance.provisioning.events import Ended, Event, Result, Status
from appliance.provisioning.outcome import Outcome, summed_up


def result(status: Status, host: str = "north", message: str = "") -> Result:
    places = ("/etc/[nftables].conf",) if status is Status.CHANGED else ()
    return Result(host, "firewall", "Ensure that the rules are loaded", status, message, places)


def compared(*events: Event, code: int = 0, names: tuple[str, ...] = ("north",)) -> Outcome:
    return summed_up(names, [*events, Ended(code)])


def test_a_box_that_is_as_described_has_no_drift() -> None:
    assert exit_code(compared(result(Status.OK))) == 0


def test_a_box_that_differs_has_drifted_and_the_table_says_where() -> None:
    outcome = compared(result(Status.CHANGED))
    assert exit_code(outcome) == 1
    console = Console(width=200, record=True, file=None)
    with console.capture() as told:
        console.print(as_table(differences(outcome)))
    assert "/etc/[nftables].conf" in told.get()
    assert "防火墙 firewall" in told.get()


def test_a_box_that_could_not_be_reached_was_not_compared() -> None:
    assert exit_code(compared(result(Status.UNREACHABLE), code=4)) == 2


def test_a_box_that_no_task_came_to_was_not_compared() -> None:
    assert exit_code(compared(result(Status.OK), names=("north", "south"))) == 2


def test_a_check_that_fails_because_of_a_difference_is_a_difference() -> None:
    outcome = compared(result(Status.CHANGED), result(Status.FAILED), code=2)
    assert exit_code(outcome) == 1


def test_one_box_not_compared_outweighs_another_that_differs() -> None:
    outcome = compared(
        result(Status.CHANGED),
        result(Status.UNREACHABLE, "south"),
        code=4,
        names=("north", "south"),
    )
    assert exit_code(outcome) == 2


def test_an_ansible_that_failed_outside_of_any_task_compared_nothing() -> None:
    assert exit_code(compared(result(Status.OK), code=1)) == 2
