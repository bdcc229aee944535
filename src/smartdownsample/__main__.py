"""``python -m smartdownsample`` is the command, and so is the script of that name."""

import sys


def main() -> int:
    """Run the command; Ctrl-C ends it from the start on, while modules are imported."""
    try:
        from .cli import main as run  # noqa: PLC0415 - where Ctrl-C is heard
    except KeyboardInterrupt:
        return 130  # as `run` says, which is not there yet
    return run()


if __name__ == "__main__":
    sys.exit(main())
