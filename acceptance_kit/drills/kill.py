"""程序故障: each program is killed, supervisor starts it again, and nothing is lost (4.5.1-6).

SIGKILL, one after the other, as a crash or the kernel short of memory would end it. There is
nothing to undo: what mends it is what the drill is about.
"""

from datetime import timedelta

from acceptance_kit.box import Box, State
from acceptance_kit.drills.drill import CannotDrill, Drill, Ground
from acceptance_kit.findings import Finding, Verdict
from appliance.runtime.supervision import CRASHES, START_SECONDS

BACK = timedelta(seconds=90)
"""A lane loads its models first."""


def kill_each(ground: Ground) -> tuple[Finding, ...]:
    """Kill, and wait until it runs anew and says that it is well."""
    before = ground.begin()
    took: list[str] = []
    for name in (*ground.programs, CRASHES.name):
        ground.tell(f"结束程序 {name}…")
        seconds = _kill(ground, name)
        if seconds is None:
            why = f"程序 {name} 在 {BACK.total_seconds():.0f} 秒内没有恢复，请查看其日志。"
            return (ground.found("kill", KILL.title, Verdict.NO, reason=why),)
        took.append(f"{name} {seconds:.0f} 秒")
    lost = ground.nothing_lost(before)
    measured = f"恢复用时：{'，'.join(took)}"
    if lost:
        return (ground.found("kill", KILL.title, Verdict.NO, measured=measured, reason=lost),)
    return (
        ground.found(
            "kill",
            KILL.title,
            Verdict.YES,
            measured=measured,
            bound=f"≤ {BACK.total_seconds():.0f} 秒",
        ),
    )


KILL = Drill(
    name="kill",
    title="任一程序意外结束后自动恢复，记录不丢失",
    clauses=("4.5.1-6",),
    bound=timedelta(minutes=3),
    effect="逐个强制结束各程序，由守护程序重新启动；每条车道的识别中断数秒，请在无车时进行。",
    work=kill_each,
)


def running(box: Box, root: str) -> dict[str, int]:
    """The pids of the programs that supervisor calls running, by name."""
    words = ("-m", "supervisor.supervisorctl", "-c", f"{root}/run/supervisord.conf", "status")
    found = {}
    for line in box.as_root(box.python, *words).stdout.splitlines():
        cells = line.replace(",", " ").split()
        if len(cells) >= 4 and cells[1] == "RUNNING" and cells[2] == "pid":
            found[cells[0]] = int(cells[3])
    return found


def _kill(ground: Ground, name: str) -> float | None:
    """Seconds until the program was well again; None when it was not in time."""
    root = str(ground.profile.storage.root)
    pid = running(ground.box, root).get(name)
    if pid is None:
        raise CannotDrill(f"守护程序中没有正在运行的程序 {name}。")
    begun = ground.box.state().now
    ground.box.must("kill", "-KILL", str(pid))
    at = ground.box.state().now  # what beats later is the new process

    def well(state: State) -> bool:
        if running(ground.box, root).get(name, pid) == pid:
            return False
        beat = state.beats.get(name)
        if beat is None:
            # The listener for crashes has no heartbeat: supervisor calls it running by now.
            return state.now - at > timedelta(seconds=START_SECONDS)
        return state.well(name) and beat.at > at

    back = ground.wait(well, BACK.total_seconds())
    if back is None:
        return None
    beat = back.beats.get(name)
    return ((beat.at if beat else back.now) - begun).total_seconds()
