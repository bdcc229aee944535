"""What every engine must do: inherit from a suite, say how runs use it and how a worker ends."""

from pathlib import Path

import pytest

from engine_photos import Outcome, build, look
from smartdownsample import ImageIndex
from smartdownsample.cli import main
from smartdownsample.gathering import schedule
from smartdownsample.options import DecodeMode, EngineName
from smartdownsample.records import Cause


class EngineSuite:
    """An engine gives what threads give, to the bit, and survives the loss of workers.

    These have the plugin of `killing_workers` on their search path.
    """

    def run(self, photos: Path, decode: DecodeMode, cache_dir: Path) -> ImageIndex:
        """Build an index by the engine."""
        raise NotImplementedError

    def kill_worker(self) -> None:
        """End a worker without a word."""
        raise NotImplementedError

    @pytest.mark.parametrize("decode", ["fast", "preview"])
    def test_it_gives_what_threads_give(
        self,
        photos: Path,
        of_threads: dict[DecodeMode, Outcome],
        tmp_path: Path,
        decode: DecodeMode,
    ) -> None:
        """Broken files included."""
        assert look(self.run(photos, decode, tmp_path)) == of_threads[decode]

    def test_a_killed_worker_changes_nothing(
        self,
        photos: Path,
        of_threads: dict[DecodeMode, Outcome],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """What it had is sent to another."""
        make_batch = schedule._MissedFiles.make_batch  # noqa: SLF001 - to be there between results
        killed: list[bool] = []

        def kill_first(*given: object) -> object:
            if not killed:
                killed.append(True)
                self.kill_worker()
            return make_batch(*given)  # type: ignore[arg-type] # as they are

        monkeypatch.setattr(schedule._MissedFiles, "make_batch", kill_first)  # noqa: SLF001 - likewise
        assert look(self.run(photos, "fast", tmp_path)) == of_threads["fast"]
        assert killed

    def test_an_image_that_ends_each_worker_is_named(
        self, deadly_photos: tuple[Path, str], of_threads: dict[DecodeMode, Outcome], tmp_path: Path
    ) -> None:
        """All others have their rows."""
        folder, killer = deadly_photos
        index = self.run(folder, "fast", tmp_path)
        assert (killer, Cause.WORKER_LOST) in list(index.failures)
        assert len(index.failures) == len(of_threads["fast"].failures) + 1
        assert index.table.rows.tobytes() == of_threads["fast"].rows


class ClusterSuite(EngineSuite):
    """An engine that has a name and an address; its tests start a cluster once for all."""

    name: EngineName

    @property
    def address(self) -> str:
        """Where the cluster is."""
        raise NotImplementedError

    def test_the_command_names_a_cluster(
        self,
        photos: Path,
        of_threads: dict[DecodeMode, Outcome],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """All that it read is known afterwards."""
        options = ["--engine", self.name, "--scheduler", self.address]
        assert main(["features", str(photos), *options, "--cache-dir", str(tmp_path)]) == 0
        assert "Read 1,200 images" in capsys.readouterr().err
        index = build(photos, cache_dir=tmp_path)
        assert index.table.n_extracted == 0
        assert look(index) == of_threads["fast"]
