"""What to do when a task has failed, in the installer's words."""

from appliance.provisioning.outcome import Fault

ROLE_NAMES = {
    "": "准备",
    "evidence": "留痕",
    "base": "基础系统",
    "time": "对时",
    "firewall": "防火墙",
    "storage": "录像存储",
    "ups": "不间断电源",
    "antivirus": "病毒防护",
    "intrusion": "入侵防护",
    "runtime": "运行程序",
    "cameras": "相机",
}

_REMEDIES = (
    (("no space left on device",), "磁盘已满，请清理系统盘"),
    (("unable to acquire the dpkg", "could not get lock"), "另一个安装正在进行，请等它结束"),
    (
        (
            "failed to fetch",
            "temporary failure resolving",
            "could not resolve",
            "failed to update apt",
        ),
        "软件源连不上，请检查工控机的上网、DNS 和站点配置的 software",
    ),
    (
        ("no package matching", "unable to locate package"),
        "软件源里没有这个软件包，请检查软件源是否完整",
    ),
    (("privilege escalation",), "sudo 没有及时应答，请检查工控机的主机名、DNS 和负载"),
    (("read-only file system",), "系统盘变成了只读，请检查磁盘"),
    (
        ("incorrect sudo password", "missing sudo password"),
        "sudo 密码不对，请核对后用 --ask-become-pass 输入",
    ),
)


def role_name(role: str) -> str:
    """The role as an installer calls it, with its own name beside it."""
    chinese = ROLE_NAMES.get(role)
    if chinese is None:
        return role
    return f"{chinese} {role}".rstrip()


def fault_lines(name: str, address: str, fault: Fault) -> list[str]:
    """Which box, which task, what it said, what to do: a line each, Chinese but for quotes."""
    who = f"工控机 {name}（{address}）"
    where = f"{role_name(fault.role)}：{fault.task}"
    if fault.unreachable:
        return [
            f"✗ {who}的连接在中途断开。",
            f"  任务  {where}",
            "  处理  请检查网线和电源，再执行一次同样的命令：已完成的部分不会重做。",
        ]
    said = [f"  原因  {line}" for line in fault.message.splitlines()[:6] if line.strip()]
    return [
        f"✗ {who}安装中止。",
        f"  任务  {where}",
        *(said or ["  原因  任务没有说明（或涉及密钥，不显示）"]),
        f"  处理  {_remedy(fault.message)}，再执行一次同样的命令。",
    ]


def _remedy(message: str) -> str:
    low = message.lower()
    for signs, remedy in _REMEDIES:
        if any(sign in low for sign in signs):
            return remedy
    return "请按“原因”改正（详情见日志）"
