"""Feed parsers with mutated input, each for a while: `python -m fuzz [--seconds N] [TARGET ...]`.

atheris (libFuzzer) measures which of our lines an input reaches, and mutates inputs that reach new ones further. It
ends a process when it finds an error, so each target runs in its own process. Findings are kept in
`fuzz/found/TARGET/`, and `make test` tries them again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = (
    *("url", "address", "first_bytes", "video", "image", "worker", "payment"),
    *("image_data", "upload", "posted_object", "rpc"),
)
LONGEST = {"video": 20_000, "image": 20_000}


def main() -> int:
    """Run the command line; exit code 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[*NAMES, []], help="all of them by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--inside", nargs=2, metavar=("TARGET", "CORPUS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        fuzz(options.inside[0], Path(options.inside[1]), options.seconds)
    found = [name for name in options.targets or NAMES if not passes(name, options.seconds)]
    if found:
        print("found something: " + ", ".join(found) + "; see fuzz/found/", file=sys.stderr)
    return 1 if found else 0


def passes(name: str, seconds: int) -> bool:
    """Fuzz one target in its own process; returns whether nothing was found."""
    with tempfile.TemporaryDirectory(prefix="alive402-fuzz-") as corpus:
        command = [sys.executable, "-m", "fuzz", "--inside", name, corpus, "--seconds", str(seconds)]
        return subprocess.run(command, check=False).returncode == 0


def fuzz(name: str, corpus: Path, seconds: int) -> None:
    """Fuzz in this process. Never returns, because libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["alive402", "httpx", "ipaddress", "python_multipart", "urllib"]):
        from fuzz.targets import FOUND, TARGETS, seeds

    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / str(number)).write_bytes(seed)
    arguments = [
        "fuzz",
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST.get(name, 4096)}",
        f"-artifact_prefix={found}/",
        "-rss_limit_mb=1500",
        "-timeout=10",
        "-print_final_stats=1",
        "-verbosity=0",
        str(corpus),
    ]
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
