"""Compiles each contract to its artifact: `python -m alive402.payments.devchain.compile` (needs the `dev` extra)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CONTRACTS = tuple(sorted(path.stem for path in HERE.glob("*.vy")))


def compiled(name: str) -> dict[str, Any]:
    """Compile a contract with the installed Vyper compiler: `{compiler, abi, bytecode_runtime}`.

    Raises:
        subprocess.CalledProcessError: the compiler is missing or rejects the source.
    """

    def vyper(*arguments: str) -> str:
        command = [sys.executable, "-m", "vyper.cli.vyper_compile", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()

    abi, runtime = vyper("-f", "abi,bytecode_runtime", str(HERE / f"{name}.vy")).splitlines()
    version = vyper("--version").split("+")[0]
    return {"compiler": f"vyper {version}", "abi": json.loads(abi), "bytecode_runtime": runtime}


def artifact(name: str) -> Path:
    """Where a contract's compiled code is kept."""
    return HERE / f"{name}.json"


if __name__ == "__main__":
    for contract in CONTRACTS:
        artifact(contract).write_text(json.dumps(compiled(contract), indent=1) + "\n")
        print(f"wrote {artifact(contract)}")
