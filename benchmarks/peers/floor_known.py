"""The floor of a warm run: what cannot be spared when every image is known to the store.

That is a look at each file (``os.stat``: has it changed?) and reading, from the parts of the store
below the job's cache folder, the columns that say which file a row is of, in which order it comes
and what it looks like. Nothing is verified, compared, joined or ordered, no bucket is computed and
nothing picked. A run of this package must have filled the folder.

Beside the standard library only Arrow is imported, which is what the parts are written with, so
that the whole process is a floor as well: start of Python, reading the job, import, call.
"""

import os
from pathlib import Path
from types import ModuleType

from peers.job import Job, run_job

# Of the store, not of the images: constant, or never needed to find a row.
_BOOKKEEPING = frozenset(("region", "decoder", "written_ns"))


def load() -> ModuleType:
    """Import Arrow."""
    from pyarrow import parquet

    module: ModuleType = parquet
    return module


def sample(parquet: ModuleType, job: Job) -> list[str]:
    """Look at all files and read what is known of them; none is picked."""
    for path in job["paths"]:
        os.stat(path)
    n_known = 0
    for part in sorted(Path(job["cache_dir"]).rglob("*.parquet")):
        # As a file: `read_table` would import what reads folders of files.
        with parquet.ParquetFile(part) as file:
            columns = [name for name in file.schema_arrow.names if name not in _BOOKKEEPING]
            n_known += len(file.read(columns=columns))
    if n_known < len(job["paths"]):
        msg = f"{job['cache_dir']!r} knows {n_known:,} of {len(job['paths']):,} images."
        raise ValueError(msg)
    job["wants_picks"] = False
    return job["paths"]


if __name__ == "__main__":
    run_job(load, sample, distributions=("pyarrow",))
