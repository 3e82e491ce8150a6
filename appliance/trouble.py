"""Troubles that an operator can do something about."""

import errno
import sqlite3


class Trouble(Exception):
    """One Chinese sentence that says what is wrong and what to do; commands print it, exit 2."""


def not_installed(what: str) -> Trouble:
    """A tool of ours is missing here. The clone's `make setup` alone installs it from the lock with
    its hashes: `gatehouse` on a public registry is a stranger's."""
    return Trouble(
        f"本机没有安装{what}。请在 gatehouse 的源码目录中执行 make setup，"
        "再用那里的 .venv/bin/gatehouse 重新执行本命令。"
    )


REASONS = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "文件系统只读",
    errno.ENOSPC: "磁盘已满",
    errno.EDQUOT: "磁盘配额已满",
    errno.EIO: "磁盘读写出错",
    errno.ENOENT: "没有这个文件或目录",
    errno.EEXIST: "已有同名文件",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EISDIR: "是目录，不是文件",
    errno.ENAMETOOLONG: "文件名太长",
    errno.EMFILE: "打开的文件太多",
}
SQLITE_REASONS = {
    sqlite3.SQLITE_BUSY: "正被其他程序占用",
    sqlite3.SQLITE_LOCKED: "正被其他程序占用",
    sqlite3.SQLITE_FULL: "磁盘已满",
    sqlite3.SQLITE_CANTOPEN: "打不开文件",
    sqlite3.SQLITE_READONLY: "只能读，不能写",
    sqlite3.SQLITE_IOERR: "磁盘读写出错",
}


def failure_sentence(error: OSError | sqlite3.OperationalError) -> str:
    """What the system refused, as one Chinese sentence with the file and the reason."""
    place = "、".join(getattr(error, "__notes__", []))
    if isinstance(error, OSError):
        reason = REASONS.get(error.errno or 0) or error.strerror or str(error)
        what = " ".join(str(part) for part in (error.filename, place) if part) or "系统"
        return f"{what} 不能使用：{reason}。请检查路径、权限和磁盘后重试。"
    # The lower eight bits are the kind of error, the others its details.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reason = SQLITE_REASONS.get(code) or str(error)
    return f"数据库（{place or '位置未知'}）不能使用：{reason}。请检查磁盘和权限后重试。"
