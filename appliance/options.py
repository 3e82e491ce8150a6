"""Options and arguments that verbs of several rooms share, with their help in Chinese."""

from pathlib import Path
from typing import Annotated

import typer

ProfileFile = Annotated[Path, typer.Argument(metavar="PROFILE", help="站点配置（YAML）。")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]

# The boxes that a verb reaches from the installer's machine, and the login to them.
Limit = Annotated[
    list[str] | None,
    typer.Option("--limit", help="只处理这些工控机，可用 * 号，可写多次，例：gate-*。"),
]
User = Annotated[str, typer.Option("--user", help="登录账号；不是 root 时要能用 sudo。")]
Key = Annotated[
    Path | None, typer.Option("--key", help="登录用的私钥文件；不给则用本机已有的密钥。")
]
AskBecomePass = Annotated[
    bool, typer.Option("--ask-become-pass", help="询问 sudo 密码（账号不能免密使用 sudo 时）。")
]
SecretsFile = Annotated[
    Path | None,
    typer.Option("--secrets", help="密钥文件；默认 inventory/secrets/站点.vault.yml。"),
]
VaultPasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--vault-password-file",
        envvar="ANSIBLE_VAULT_PASSWORD_FILE",
        help="从文件读密钥文件的口令；不给则询问。",
    ),
]
