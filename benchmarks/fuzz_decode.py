"""Damage real image files in seeded ways and see whether decoding ever does worse than to fail.

Every input is made from the seed and its number alone, so that any of them can be made again.
Workers are processes of their own that say which input they are at: a crash or a hang is put
down to an input, and the rest goes on.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from smartdownsample.features.spec import choose_min_side, make_spec
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.headers import Header, read_header
from smartdownsample.pictures.previews import find_preview
from smartdownsample.records import ByteArray, Cause

if sys.platform != "win32":
    import resource

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Files to damage when none are given; those that are absent are passed over.
_SOURCE_FOLDERS = (
    os.path.join(os.path.dirname(_ROOT), "shared", "images", "odd"),
    os.path.join(os.path.dirname(_ROOT), "shared", "images", "camtrap"),
    os.path.join(_ROOT, "data_samples"),
)
# Formats whose plugins are not this package's business.
_LEFT_OUT = frozenset(("HEIC", "JPEG XL"))

_MAX_RSS_BYTES = 3 * 2**30
# What a worker may take before the system, which others use as well, refuses it more.
_MAX_ADDRESSES = 6 * 2**30
_WATCH_SECONDS = 0.2

_HALF, _MOSTLY = 0.5, 0.75
_N_CHANNELS = 3
_MAX_MUTATIONS = 4
_HEADER_BYTES = 512
_EXTREMES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_PNG_START = b"\x89PNG\r\n\x1a\n"

_PICTURE, _CUT_PICTURE = "picture", "picture, truncated"
# What is said of an input that did worse than to fail.
_CRASH, _HANG, _MEMORY, _EXCEPTION, _NONSENSE = (
    "CRASH",
    "HANG",
    "MEMORY USE",
    "EXCEPTION",
    "NONSENSE",
)

Mutation = Callable[[bytes, np.random.Generator, Callable[[], bytes]], bytes]


@dataclass(frozen=True)
class Finding:
    """An input that did worse than to fail.

    Parameters
    ----------
    number : int
        Of the input.
    kind : str
        What happened.
    """

    number: int
    kind: str


@dataclass
class Tally:
    """What became of the inputs, gathered by several threads.

    Parameters
    ----------
    outcomes : Counter of str
        Inputs by outcome.
    findings : list of Finding
        In the order in which they were found.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, number: int, outcome: str) -> None:
        """Count an input.

        Parameters
        ----------
        number : int
            Of the input.
        outcome : str
            What became of it.
        """
        with self._lock:
            kind = outcome.partition(":")[0]
            self.outcomes[kind] += 1
            if kind in {_CRASH, _HANG, _MEMORY, _EXCEPTION, _NONSENSE}:
                self.findings.append(Finding(number, outcome))
                print(f"input {number}: {outcome}", file=sys.stderr)


class Sources:
    """The files that inputs are made of, by format.

    Parameters
    ----------
    folders : sequence of str
        Where they lie.
    max_bytes : int
        Larger files are left out, because they take their time.
    """

    def __init__(self, folders: Sequence[str], max_bytes: int) -> None:
        by_format: dict[str, list[bytes]] = {}
        for path in _list_files(folders, max_bytes):
            with open(path, "rb") as file:
                data = file.read()
            header = read_header(data)
            if isinstance(header, Header) and header.format not in _LEFT_OUT:
                by_format.setdefault(header.format, []).append(data)
        self.by_format = dict(sorted(by_format.items()))

    def make_input(self, seed: int, number: int) -> bytes:
        """Make an input: a file of a format drawn by lot, damaged once or several times.

        Parameters
        ----------
        seed, number : int
            The input depends on these and the sources only.

        Returns
        -------
        bytes
            Content of a file that nobody should have.
        """
        generator = np.random.default_rng((seed, number))
        names = list(self.by_format)
        name = names[generator.integers(len(names))]

        def draw() -> bytes:
            # Of the same format mostly: two of a kind fit together further.
            other = name if generator.random() < _MOSTLY else names[generator.integers(len(names))]
            files = self.by_format[other]
            return files[generator.integers(len(files))]

        files = self.by_format[name]
        data = files[generator.integers(len(files))]
        for _ in range(min(int(generator.geometric(0.5)), _MAX_MUTATIONS)):
            mutate = _MUTATIONS[generator.integers(len(_MUTATIONS))]
            data = mutate(data, generator, draw)
        # Half of the PNGs keep their checksums true, else nothing behind them is ever reached.
        return _mend_png(data) if generator.random() < _HALF else data


def _list_files(folders: Sequence[str], max_bytes: int) -> Iterator[str]:
    """Yield the files below folders in a lasting order."""
    for folder in folders:
        for parent, below, names in os.walk(folder):
            below.sort()
            for name in sorted(names):
                path = os.path.join(parent, name)
                if os.path.getsize(path) <= max_bytes:
                    yield path


# ----------------------------------------------------------------------- mutations


def _place(data: bytes, generator: np.random.Generator) -> int:
    """Draw a place, half of the time near the start, where the fields are."""
    reach = min(len(data), _HEADER_BYTES) if generator.random() < _HALF else len(data)
    return int(generator.integers(reach + 1))


def _flip_bytes(data: bytes, generator: np.random.Generator, _draw: Callable[[], bytes]) -> bytes:
    """Change a few bytes, in one bit or altogether."""
    changed = bytearray(data)
    for _ in range(int(generator.integers(1, 17))):
        place = _place(data, generator)
        if place < len(changed):
            bit = 1 << int(generator.integers(8))
            changed[place] ^= bit if generator.random() < _HALF else int(generator.integers(1, 256))
    return bytes(changed)


def _insert_bytes(data: bytes, generator: np.random.Generator, _: Callable[[], bytes]) -> bytes:
    """Put random or repeated bytes somewhere."""
    place = _place(data, generator)
    length = int(2 ** (12 * generator.random()))
    more = data[place : place + length] if generator.random() < _HALF else generator.bytes(length)
    return data[:place] + more + data[place:]


def _delete_bytes(data: bytes, generator: np.random.Generator, _: Callable[[], bytes]) -> bytes:
    """Leave some bytes out."""
    place = _place(data, generator)
    return data[:place] + data[place + int(2 ** (12 * generator.random())) :]


def _truncate(data: bytes, generator: np.random.Generator, _: Callable[[], bytes]) -> bytes:
    """End the file early."""
    return data[: _place(data, generator)]


def _set_extreme(data: bytes, generator: np.random.Generator, _: Callable[[], bytes]) -> bytes:
    """Write an extreme number where a field may be."""
    value = _EXTREMES[generator.integers(len(_EXTREMES))]
    smallest = max(1, (value.bit_length() + 7) // 8)
    width = int(generator.choice([size for size in (1, 2, 4) if size >= smallest]))
    order = "big" if generator.random() < _HALF else "little"
    written = value.to_bytes(width, "big" if order == "big" else "little")
    place = _place(data, generator)
    return data[:place] + written + data[place + width :]


def _splice(data: bytes, generator: np.random.Generator, draw: Callable[[], bytes]) -> bytes:
    """Go on as another file."""
    other = draw()
    place = _place(data, generator)
    start = place if generator.random() < _HALF else _place(other, generator)
    return data[:place] + other[start:]


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bytes,
    _insert_bytes,
    _delete_bytes,
    _truncate,
    _set_extreme,
    _splice,
)


def _mend_png(data: bytes) -> bytes:
    """Make the checksums of a PNG's chunks true; other files stay as they are."""
    if not data.startswith(_PNG_START):
        return data
    mended = bytearray(data)
    at = len(_PNG_START)
    while at + 12 <= len(mended):
        end = at + 8 + int.from_bytes(mended[at : at + 4], "big")
        if end + 4 > len(mended):
            break
        mended[end : end + 4] = zlib.crc32(mended[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return bytes(mended)


# -------------------------------------------------------------------------- worker


def work(sources: Sources, options: argparse.Namespace) -> None:
    """Decode every n-th input, and say before and after each what it is and became.

    Parameters
    ----------
    sources : Sources
        What inputs are made of.
    options : argparse.Namespace
        Of the run.
    """
    limit_memory()
    out = sys.stdout
    fast = choose_min_side(make_spec(8, "fast"))
    for number in range(options.start, options.count, options.jobs):
        data = sources.make_input(options.seed, number)
        out.write(f"{number}\n")
        out.flush()
        outcome = judge(data, fast if number % 2 else None)
        out.write(f"{outcome}\n")
        out.flush()
        if outcome == _MEMORY:  # the peak of a process never falls
            return


def judge(data: bytes, min_side: int | None) -> str:
    """Decode an input, look for its preview, and say what became of it.

    Parameters
    ----------
    data : bytes
        Content of a file.
    min_side : int or None
        See `decode_image`.

    Returns
    -------
    str
        On one line.
    """
    try:
        result = decode_image(data, min_side=min_side)
        preview = find_preview(data, min_side)
    except Exception as error:  # noqa: BLE001 # that none leaves the decoder is the question
        return f"{_EXCEPTION}: {type(error).__name__}: {error}".replace("\n", " ")
    if measure_peak() > _MAX_RSS_BYTES:
        return _MEMORY
    if preview is not None and not is_sensible(preview):
        return f"{_NONSENSE}: preview {preview.pixels.shape} of {preview.width}x{preview.height}"
    if isinstance(result, Cause):
        return result.name
    if not is_sensible(result):
        return f"{_NONSENSE}: {result.pixels.shape} of {result.width}x{result.height}"
    return _CUT_PICTURE if result.is_truncated else _PICTURE


def is_sensible(picture: Picture) -> bool:
    """Tell whether a picture is what it promises to be: RGB of 8 bits with pixels in it.

    Parameters
    ----------
    picture : Picture
        As it was decoded.

    Returns
    -------
    bool
        False when those who use it would trip.
    """
    pixels: ByteArray = picture.pixels
    is_rgb = pixels.dtype == np.uint8 and pixels.shape[2:] == (_N_CHANNELS,)
    return is_rgb and pixels.size > 0 and min(picture.width, picture.height) > 0


def limit_memory() -> None:
    """Take no more memory than the machine can do without, where the system has such limits."""
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_ADDRESSES, resource.RLIM_INFINITY))


def measure_peak() -> int:
    """Measure the most memory that this process ever held.

    Returns
    -------
    int
        In bytes; 0 where the system does not tell.
    """
    if sys.platform == "win32":
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


# -------------------------------------------------------------------------- parent


class Watch:
    """Ends a process that is at one input for too long.

    Parameters
    ----------
    process : subprocess.Popen
        The worker.
    timeout : float
        Seconds for an input.
    """

    def __init__(self, process: "subprocess.Popen[str]", timeout: float) -> None:
        self.has_killed = False
        self._process = process
        self._timeout = timeout
        self._since: float | None = None
        threading.Thread(target=self._look, daemon=True).start()

    def start(self) -> None:
        """Note that an input begins."""
        self._since = time.monotonic()

    def stop(self) -> None:
        """Note that an input is done."""
        self._since = None

    def _look(self) -> None:
        while self._process.poll() is None:
            since = self._since
            if since is not None and time.monotonic() - since > self._timeout:
                self.has_killed = True
                self._process.kill()
                return
            time.sleep(_WATCH_SECONDS)


def run_job(first: int, options: argparse.Namespace, tally: Tally) -> None:
    """See every n-th input through, with as many workers in turn as it takes.

    Parameters
    ----------
    first : int
        Number of the first input.
    options : argparse.Namespace
        Of the run.
    tally : Tally
        Gets what became of them.
    """
    start = first
    while start < options.count:
        start = follow_worker(start, options, tally)


def follow_worker(start: int, options: argparse.Namespace, tally: Tally) -> int:
    """Follow one worker to its end.

    Parameters
    ----------
    start : int
        Number of its first input.
    options : argparse.Namespace
        Of the run.
    tally : Tally
        Gets what became of the inputs.

    Returns
    -------
    int
        Number of the input to go on with.
    """
    number: int | None = None
    done = start - int(options.jobs)
    with subprocess.Popen(
        [*_COMMAND, *options.passed, f"--start={start}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        watch = Watch(process, options.timeout)
        assert process.stdout is not None
        for line in process.stdout:
            if number is None:
                number = int(line)
                watch.start()
            else:
                watch.stop()
                tally.add(number, line.rstrip("\n"))
                done, number = number, None
    if number is not None:
        how = _HANG if watch.has_killed else f"{_CRASH}: exit code {process.returncode}"
        tally.add(number, how)
        done = number
    elif done < start:
        msg = f"A worker did nothing at all; its exit code is {process.returncode}."
        raise RuntimeError(msg)
    return done + int(options.jobs)


_COMMAND = (sys.executable, os.path.abspath(__file__))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the inputs and print what became of them.

    Parameters
    ----------
    arguments : sequence of str, optional
        Of the command line.

    Returns
    -------
    int
        The exit code: 1 when anything did worse than to fail.
    """
    options = parse_options(arguments)
    sources = Sources(options.sources, options.max_bytes)
    if not sources.by_format:
        print("There are no images to damage. Name folders with --sources.", file=sys.stderr)
        return 2
    if options.start is not None:
        work(sources, options)
        return 0
    tally, start_s = Tally(), time.monotonic()
    jobs = [
        threading.Thread(target=run_job, args=(first, options, tally))
        for first in range(options.jobs)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    print(format_report(sources, tally, time.monotonic() - start_s))
    keep_inputs(sources, tally.findings, options)
    n_missing = int(options.count) - sum(tally.outcomes.values())
    return int(n_missing != 0 or len(tally.findings) > 0)


def keep_inputs(sources: Sources, findings: Sequence[Finding], options: argparse.Namespace) -> None:
    """Write the inputs that did worse than to fail, if they are wanted.

    Parameters
    ----------
    sources : Sources
        What inputs are made of.
    findings : sequence of Finding
        Which.
    options : argparse.Namespace
        Of the run.
    """
    if options.keep is None:
        return
    os.makedirs(options.keep, exist_ok=True)
    for finding in findings:
        kind = finding.kind.partition(":")[0].lower().replace(" ", "_")
        path = os.path.join(options.keep, f"{options.seed}-{finding.number}-{kind}")
        with open(path, "wb") as file:
            file.write(sources.make_input(options.seed, finding.number))


def format_report(sources: Sources, tally: Tally, seconds: float) -> str:
    """Tell what became of the inputs.

    Parameters
    ----------
    sources : Sources
        What inputs were made of.
    tally : Tally
        Of the run.
    seconds : float
        That it took.

    Returns
    -------
    str
        A few lines.
    """
    made_of = ", ".join(f"{len(files)} {name}" for name, files in sources.by_format.items())
    n_inputs = sum(tally.outcomes.values())
    lines = [f"{n_inputs:,} inputs in {seconds:,.0f} s, made of {made_of}"]
    lines += [f"{count:>9,} {outcome}" for outcome, count in tally.outcomes.most_common()]
    lines.append(f"{len(tally.findings):,} finding(s)")
    lines += [f"input {finding.number}: {finding.kind}" for finding in tally.findings]
    return "\n".join(lines)


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line.

    Parameters
    ----------
    arguments : sequence of str or None
        None takes those of the process.

    Returns
    -------
    argparse.Namespace
        With ``passed``, the command line for workers.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--count", type=int, default=10_000, help="inputs to make (10000)")
    add("--seed", type=int, default=42, help="of everything that is drawn by lot (42)")
    add("--jobs", type=int, default=2, help="workers at a time (2)")
    add("--timeout", type=float, default=5, help="seconds that an input may take (5)")
    add("--keep", metavar="DIR", help="write inputs that did worse than to fail there")
    add("--sources", metavar="DIR", nargs="+", default=_SOURCE_FOLDERS, help="files to damage")
    add("--max-bytes", type=int, default=50_000, help="leave out larger files (50000)")
    add("--start", type=int, help=argparse.SUPPRESS)  # makes a worker of this process
    options = parser.parse_args(arguments)
    if options.count < 1 or options.jobs < 1:
        parser.error("There must be at least one input and one worker.")
    options.passed = [
        f"--count={options.count}",
        f"--seed={options.seed}",
        f"--jobs={options.jobs}",
        f"--max-bytes={options.max_bytes}",
        "--sources",
        *options.sources,
    ]
    return options


if __name__ == "__main__":
    sys.exit(main())
