"""The command `alive402`, also `python -m alive402`: loads the command line and runs it."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line. While it loads, Ctrl-C ends the process without a traceback."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # Not where a shell has it ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from alive402.cli.main import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
