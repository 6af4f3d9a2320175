"""Compiles `token.vy` to `token.json`: `python -m alive402.payments.devchain.compile` (needs the `dev` extra)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE / "token.vy"
ARTIFACT = HERE / "token.json"


def compiled() -> dict[str, Any]:
    """Compile the token with the installed Vyper compiler: `{compiler, abi, bytecode_runtime}`.

    Raises:
        subprocess.CalledProcessError: the compiler is missing or rejects the source.
    """

    def vyper(*arguments: str) -> str:
        command = [sys.executable, "-m", "vyper.cli.vyper_compile", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()

    abi, runtime = vyper("-f", "abi,bytecode_runtime", str(SOURCE)).splitlines()
    version = vyper("--version").split("+")[0]
    return {"compiler": f"vyper {version}", "abi": json.loads(abi), "bytecode_runtime": runtime}


if __name__ == "__main__":
    ARTIFACT.write_text(json.dumps(compiled(), indent=1) + "\n")
    print(f"wrote {ARTIFACT}")
