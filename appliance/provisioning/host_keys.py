"""Host keys, and what ssh's refusals mean in the installer's words."""

from collections.abc import Collection
from pathlib import Path

from appliance.provisioning.reach import Box, Reach

_MEANINGS = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "key"),
    ("Host key verification failed", "key"),
    ("Permission denied", "denied"),
    ("Too many authentication failures", "denied"),
    ("Could not resolve hostname", "name"),
    ("Connection refused", "refused"),
    ("No route to host", "route"),
    ("Network is unreachable", "route"),
    ("timed out", "silent"),
    ("Connection closed", "cut"),
    ("Connection reset", "cut"),
    ("Broken pipe", "cut"),
    ("invalid format", "keyfile"),
    ("bad permissions", "keymode"),
)


def ssh_fault(reach: Reach, box: Box, said: str) -> str:
    """One Chinese sentence for what ssh wrote to its standard error."""
    kind = next((kind for words, kind in _MEANINGS if words.lower() in said.lower()), "")
    return _sentence(reach, box, kind) or (
        f"工控机 {box.name}（{box.address}）登录不上：{_last_line(said)}。请核对地址、端口和账号。"
    )


def _sentence(reach: Reach, box: Box, kind: str) -> str:
    who = f"工控机 {box.name}（{box.address}）"
    user, port = reach.account.user, box.machine.ssh_port
    key = reach.account.key
    shown_key = f"密钥 {key} " if key is not None else "本机的密钥"
    return {
        "key": f"{who}的主机密钥与首次连接时不同：可能连错了机器，也可能有人冒充。"
        "若确实重装过系统，请执行 gatehouse provision 并加 --accept-new-host-key。",
        "denied": f"{who}不接受账号 {user} 的{shown_key}。"
        f"请核对 --user 与 --key，或先运行 ssh-copy-id -p {port} {user}@{box.address} 放入公钥。",
        "name": f"找不到{who}：名称解析不了。请核对地址，或改用 IP 地址。",
        "refused": f"{who}的端口 {port} 拒绝连接。"
        "请核对地址和端口，并确认已安装并启动 openssh-server。",
        "route": f"{who}不可达。请检查网线、网口地址和路由。",
        "silent": f"{who}没有应答。请核对地址，检查电源、网线和防火墙。",
        "cut": f"{who}的连接中断。请检查网线和电源后，再执行一次同样的命令。",
        "keyfile": f"密钥文件 {key} 不能用：格式不对，或带有口令。"
        "请核对文件，带口令的先用 ssh-add 载入。",
        "keymode": f"密钥文件 {key} 别人也能读，ssh 不肯使用。请运行 chmod 600 {key}。",
    }.get(kind, "")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "没有说明原因"


def answering_as_another(reach: Reach) -> list[str]:
    """A sentence for each box that has the host key of another machine of the site.

    Then one address was typed for two machines; the newer pin is taken back, or the machine would
    be believed the next time.
    """
    names = {box.name: box for box in reach.boxes}
    owners: dict[str, str] = {}
    mistaken: dict[str, str] = {}
    lines = _lines(reach.known_hosts)
    for line in lines:
        name, _, key = line.partition(" ")
        first = owners.setdefault(key, name)
        if first != name and name in names:
            mistaken[name] = first
    if mistaken:
        kept = [line for line in lines if line.partition(" ")[0] not in mistaken]
        reach.known_hosts.write_text("".join(f"{line}\n" for line in kept), "utf-8")
    return [
        f"地址 {names[name].address} 应答的是工控机 {first}，不是 {name}。请核对地址和 --machine；"
        "若确实改过名称，请执行 gatehouse provision 并加 --accept-new-host-key。"
        for name, first in mistaken.items()
    ]


def forget_pins(known_hosts: Path, kept: Collection[str]) -> None:
    """Forget every pin but those of the machines `kept`: the installer says that a key is new.

    A machine that was installed anew has a new key under its name, one that was renamed has its
    old key under a name that the profile no longer has.
    """
    lines = _lines(known_hosts)
    left = [line for line in lines if line.partition(" ")[0] in kept]
    if left != lines:
        known_hosts.write_text("".join(f"{line}\n" for line in left), "utf-8")


def write_known_addresses(reach: Reach) -> None:
    """Write the pinned keys as pyinfra looks for them: by address and port."""
    boxes = {box.name: box for box in reach.boxes}
    told = []
    for line in _lines(reach.known_hosts):
        name, _, key = line.partition(" ")
        if name in boxes:
            address, port = boxes[name].address, boxes[name].machine.ssh_port
            place = address if port == 22 else f"[{address}]:{port}"
            told.append(f"{place} {key}\n")
    reach.known_addresses.write_text("".join(told), "utf-8")


def _lines(known_hosts: Path) -> list[str]:
    try:
        text = known_hosts.read_text("utf-8")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()]
