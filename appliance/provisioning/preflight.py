"""What is asked of a machine before anything is changed on it.

Reachable, the key accepted, root's rights, Debian 13 with systemd, room on the disk. Every machine
is asked at once, and every fault is one Chinese sentence: which machine, what is wrong, what to do.
"""

import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from appliance.provisioning.host_keys import answering_as_another, ssh_fault
from appliance.provisioning.reach import CONNECT_SECONDS, Box, Reach
from appliance.trouble import Trouble

DEBIAN_RELEASE = "13"
NEEDED_MIB = 3072
"""For packages, a release and its models: a whole provisioning takes about 2 GiB."""
NEEDED_AGAIN_MIB = 512
"""On a machine that was provisioned before: logs, package lists, one more upgrade."""

_ANSWER_SECONDS = CONNECT_SECONDS + 40

_QUESTIONS = r"""
[ -r /etc/os-release ] && . /etc/os-release
echo "system=$ID"
echo "release=$VERSION_ID"
echo "name=$PRETTY_NAME"
[ -d /run/systemd/system ] && echo systemd=yes
[ -e /opt/gatehouse/current ] && echo provisioned=yes
for place in / /var /opt; do
    [ -d $place ] && df -Pk $place | { read -r _; read -r _ _ _ free _; echo "free:$place=$free"; }
done
command -v python3 >/dev/null && echo python=yes
if [ "$(id -u)" = 0 ]; then echo rights=root
elif ! command -v sudo >/dev/null; then echo rights=no-sudo
elif sudo -n true 2>/dev/null; then echo rights=sudo
elif sudo -S -p '' true 2>/dev/null; then echo rights=sudo
else echo rights=refused
fi
echo asked=all
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a machine answered. `free_mib` is that of its fullest place among /, /var and /opt."""

    debian: bool
    system: str
    systemd: bool
    python: bool
    provisioned: bool
    rights: str
    free_mib: int
    fullest: str


def ask_all(reach: Reach, become_password: str | None = None) -> dict[str, Facts]:
    """The facts of every box by name; raises Trouble with a line for each thing that is amiss."""
    with ThreadPoolExecutor(max(1, min(16, len(reach.boxes)))) as pool:
        answers = list(pool.map(lambda box: _ask(reach, box, become_password), reach.boxes))
    sentences: list[str] = []
    facts: dict[str, Facts] = {}
    for box, answer in zip(reach.boxes, answers, strict=True):
        if isinstance(answer, Facts):
            facts[box.name] = answer
            with_password = become_password is not None
            sentences += faults(box, answer, reach.account.user, with_password=with_password)
        else:
            sentences.append(answer)
    sentences += answering_as_another(reach)
    if sentences:
        raise Trouble("\n".join(sentences))
    return facts


def faults(box: Box, facts: Facts, user: str, *, with_password: bool) -> list[str]:
    """What stands in the way on a box that answered; nothing when all is well."""
    who = f"工控机 {box.name}（{box.address}）"
    told = []
    if not facts.debian:
        told.append(
            f"{who}的系统是 {facts.system or '未知系统'}，不是 Debian {DEBIAN_RELEASE}。"
            f"请先安装 Debian {DEBIAN_RELEASE}（trixie），或核对地址是否写错。"
        )
    elif not facts.systemd:
        told.append(f"{who}没有运行 systemd，可能是容器。请换成完整安装的 Debian。")
    if facts.rights == "no-sudo":
        told.append(
            f"{who}的账号 {user} 不是 root，系统也没有 sudo。"
            "请用 --user root 登录，或由 root 安装 sudo 并授权。"
        )
    elif facts.rights == "refused" and with_password:
        told.append(
            f"{who}的账号 {user} 不能用 sudo：密码不对，或没有授权。请核对密码，或由 root 授权。"
        )
    elif facts.rights == "refused":
        told.append(
            f"{who}的账号 {user} 不能免密使用 sudo。"
            "请加 --ask-become-pass 输入密码，或由 root 授权，或用 --user root。"
        )
    needed = NEEDED_AGAIN_MIB if facts.provisioned else NEEDED_MIB
    if facts.free_mib < needed:
        told.append(
            f"{who}的磁盘空间不够：{facts.fullest} 只剩 {facts.free_mib} MiB，"
            f"至少要 {needed} MiB。请清理或换更大的系统盘，再执行一次。"
        )
    return told


def _ask(reach: Reach, box: Box, become_password: str | None) -> Facts | str:
    words = reach.ssh(box, "sh", "-c", shlex.quote(_QUESTIONS))
    said = "" if become_password is None else f"{become_password}\n"
    try:
        answer = subprocess.run(  # noqa: S603 - no shell, and the address was checked
            words, input=said, capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return ssh_fault(reach, box, "Connection timed out")
    except FileNotFoundError:
        raise Trouble("本机没有 ssh 命令。请安装 openssh-client。") from None
    told = dict(line.partition("=")[::2] for line in answer.stdout.splitlines() if "=" in line)
    if told.get("asked") != "all":
        return ssh_fault(reach, box, answer.stderr)
    return _facts(told)


def _facts(told: dict[str, str]) -> Facts:
    free = {key.removeprefix("free:"): value for key, value in told.items() if key[:5] == "free:"}
    rooms = {place: int(kib) // 1024 for place, kib in free.items() if kib.isdigit()}
    fullest = min(rooms, key=lambda place: rooms[place], default="/")
    return Facts(
        debian=told.get("system") == "debian" and told.get("release") == DEBIAN_RELEASE,
        system=told.get("name", ""),
        systemd=told.get("systemd") == "yes",
        python=told.get("python") == "yes",
        provisioned=told.get("provisioned") == "yes",
        rights=told.get("rights", "refused"),
        free_mib=rooms.get(fullest, 0),
        fullest=fullest,
    )
