"""The order that picks are spread along is told from the collection itself."""

import numpy as np
import pytest

from pools import make_bursts, make_rows, scatter_bytes
from smartdownsample.features.spec import make_spec
from smartdownsample.records import IntArray, Layout, RowArray
from smartdownsample.sampling.layout import (
    find_quantile,
    join_folders,
    lay_out,
    number_events,
    order_by_looks,
)
from whole_photos import photo_table

SPEC = make_spec(8, "exact")
START = np.datetime64("2024-05-01T06:00:00", "ms")
NAT = np.datetime64("NaT", "ms")


def times(*seconds: float | None) -> np.ndarray:
    """Make capture times, some unknown."""
    return np.array(
        [NAT if s is None else START + np.timedelta64(round(s * 1000), "ms") for s in seconds],
        dtype="datetime64[ms]",
    )


def lay(rows: RowArray, paths: list[str]) -> Layout:
    return lay_out(photo_table(SPEC, paths, rows))


def name_all(n: int, folder: str = "cam") -> list[str]:
    return [f"{folder}/{number:05d}.jpg" for number in range(n)]


def make_triggers(n: int, length: int, pause_s: float = 3600) -> tuple[RowArray, IntArray]:
    """Make bursts with capture times, and the number of each frame's burst."""
    scenes = np.repeat(np.arange(n), length)
    rows = make_bursts(scenes)
    seconds = scenes * pause_s + np.tile(np.arange(length), n)
    rows["captured"] = START + (seconds * 1000).astype("timedelta64[ms]")
    return rows, scenes


def mix(n: int) -> IntArray:
    """Mix numbers without a random generator."""
    keys = scatter_bytes(n, 4, 5).astype(np.int64) @ 256 ** np.arange(4)
    return np.argsort(keys, kind="stable")


class TestRegime:
    """lay_out takes times, else names, else looks."""

    def test_times_come_first(self) -> None:
        """Each trigger is an event."""
        rows, scenes = make_triggers(40, 5)
        layout = lay(rows, name_all(200))
        assert layout.regime == "timed"
        assert layout.order.tolist() == list(range(200))
        assert layout.events.tolist() == scenes.tolist()

    def test_times_put_scrambled_names_in_order(self) -> None:
        """The order is the same as if names had meant something."""
        rows, scenes = make_triggers(40, 5)
        mixed = mix(200)
        layout = lay(rows[mixed], name_all(200))
        assert layout.regime == "timed"
        assert scenes[mixed][layout.order].tolist() == scenes.tolist()
        assert layout.events.tolist() == scenes.tolist()

    def test_names_are_the_order_where_there_are_no_times(self) -> None:
        """Each picture is an event."""
        rows = make_bursts(np.repeat(np.arange(40), 5))
        rows["captured"] = NAT
        layout = lay(rows, name_all(200))
        assert layout.regime == "ordered"
        assert layout.order.tolist() == layout.events.tolist() == list(range(200))

    def test_times_that_mean_nothing_are_passed_over(self) -> None:
        """As those of files that were copied in any order."""
        rows, _ = make_triggers(40, 5)
        rows["captured"] = rows["captured"][mix(200)]
        assert lay(rows, name_all(200)).regime == "ordered"

    @pytest.mark.parametrize(("n_unknown", "regime"), [(20, "timed"), (21, "unordered")])
    def test_most_have_to_be_known(self, n_unknown: int, regime: str) -> None:
        """Nine in ten; the others stand first of their camera, each an event."""
        rows, _ = make_triggers(40, 5)
        rows = rows[mix(200)]
        rows["captured"][:n_unknown] = NAT
        layout = lay(rows, name_all(200))
        assert layout.regime == regime
        if regime == "timed":
            assert np.isnat(rows["captured"][layout.order[:n_unknown]]).all()
            assert layout.events[:n_unknown].tolist() == list(range(n_unknown))

    def test_without_times_and_names_looks_remain(self) -> None:
        """Pictures of a scene stand together."""
        scenes = mix(400) // 4
        rows = make_bursts(scenes)
        layout = lay(rows, name_all(400))
        assert layout.regime == "unordered"
        assert sorted(layout.order.tolist()) == list(range(400))
        assert layout.events.tolist() == list(range(400))
        is_beside = np.diff(scenes[layout.order]) == 0
        assert is_beside.mean() > 0.4  # of 0.75; by chance less than 0.01

    def test_series_of_names_stand_together_where_looks_tell_nothing(self) -> None:
        """Within each, pictures of a scene do."""
        scenes = mix(400) // 20
        rows = make_bursts(scenes)
        series = np.arange(400) // 40
        paths = [f"pets/{'abcdefghij'[each] * 3}_{row}.jpg" for row, each in enumerate(series)]
        layout = lay(rows, paths)
        assert layout.regime == "unordered"
        assert series[layout.order].tolist() == series.tolist()
        is_beside = np.diff(scenes[layout.order]) == 0
        assert is_beside.mean() > 0.15  # of 0.5; by chance less than 0.05

    def test_a_clock_that_stands_still_tells_nothing(self) -> None:
        """As after a battery ran out."""
        rows = make_bursts(np.repeat(np.arange(40), 5))
        rows["captured"] = START
        assert lay(rows, name_all(200)).regime == "ordered"

    @pytest.mark.parametrize("n", [0, 1, 2])
    def test_few_pictures_are_a_collection_too(self, n: int) -> None:
        """Nothing is divided by nothing."""
        rows = make_bursts(np.arange(n))
        rows["captured"] = START
        layout = lay(rows, name_all(n))
        assert sorted(layout.order.tolist()) == list(range(n))
        assert len(layout.events) == n

    def test_pictures_that_are_all_the_same_are_laid_out(self) -> None:
        """No order tells more than another."""
        rows = make_rows(np.zeros((30, 48), dtype=np.uint8))
        assert sorted(lay(rows, name_all(30)).order.tolist()) == list(range(30))


class TestRuns:
    """Without times, long runs of one look count less where they are most of a collection."""

    def weigh(self, lengths: list[int]) -> list[float]:
        """Lay out runs of such lengths; what each is worth."""
        scenes = np.repeat(np.arange(len(lengths)), lengths)
        layout = lay(make_bursts(scenes), name_all(len(scenes)))
        assert layout.regime == "ordered"
        worth: list[float] = np.bincount(scenes, layout.worth).round(9).tolist()
        return worth

    def test_a_long_run_is_worth_the_root_of_its_length(self) -> None:
        """A collection of which a third of the scenes are bursts."""
        assert self.weigh([1, 16, 1, 2, 9, 1] * 8) == [1, 4, 1, round(2**0.5, 9), 3, 1] * 8

    def test_triggers_of_a_few_frames_count_as_many(self) -> None:
        """Animals move in some, others look the same; a burst here and there changes nothing."""
        assert self.weigh([5, 1, 1, 5, 3, 5] * 12 + [10]) == [5, 1, 1, 5, 3, 5] * 12 + [10]

    def test_a_frame_between_that_looks_different_does_not_end_a_run(self) -> None:
        """The next few still look like those before."""
        scenes = np.repeat(np.arange(20), 12)
        scenes[5::12] = np.arange(100, 120)
        layout = lay(make_bursts(scenes), name_all(240))
        np.testing.assert_allclose(layout.worth, 12**-0.5)

    def test_steps_of_one_kind_tell_no_runs(self) -> None:
        """Looks that drift, as those of products on a shelf: some neighbours are more alike."""
        noise = scatter_bytes(600, 48, 3) // 4
        drift = (np.arange(600) // 40 * 9 % 120)[:, np.newaxis]
        layout = lay(make_rows((noise + drift + 40).astype(np.uint8)), name_all(600))
        assert layout.regime == "ordered"
        assert (layout.worth == 1).all()

    def test_pictures_that_all_differ_are_worth_the_same(self) -> None:
        """As in a collection of products."""
        assert self.weigh([2] * 100) == [2] * 100


class TestCameras:
    """Each folder is a camera, unless its frames go on in another."""

    def test_cameras_are_laid_out_one_after_the_other(self) -> None:
        """Though their frames alternate in time."""
        rows, _ = make_triggers(40, 5)
        second, _ = make_triggers(40, 5)
        second["captured"] += np.timedelta64(20, "m")
        second["lab_layout"] ^= 255
        paths = name_all(200, "cam_1") + name_all(200, "cam_2")
        layout = lay(np.concatenate([rows, second]), paths)
        assert layout.regime == "timed"
        assert layout.order.tolist() == list(range(400))
        assert layout.events.max() == 79

    def test_folders_that_share_triggers_are_one_camera(self) -> None:
        """People sorted the frames of a burst."""
        captured = times(0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203)
        folders = np.array([0, 0, 1, 1, 0, 1, 1, 0, 2, 2, 2, 2])
        assert join_folders(captured, folders).tolist() == [0] * 8 + [1] * 4

    def test_cameras_that_run_at_once_are_not_joined(self) -> None:
        """One goes on 20 s after the other, its own frames after one."""
        captured = np.concatenate([times(*range(base, base + 5)) for base in range(0, 400, 20)])
        folders = np.arange(100) // 5 % 2
        assert join_folders(captured, folders).tolist() == folders.tolist()

    def test_a_single_coincidence_joins_nothing(self) -> None:
        """Two cameras may see one animal once."""
        for captured in (times(0, 1, 2, 3, 4, 5), times(0, 1, 2, 0.5, 1.5, 2.5)):
            folders = np.array([0, 0, 0, 1, 1, 1])
            assert join_folders(captured, folders).tolist() == folders.tolist()

    def test_cameras_that_meet_now_and_then_are_not_joined(self) -> None:
        """Two busy cameras: in one of forty bursts of each the other takes a burst as well."""
        base = np.arange(200) * 600.0
        one = (base[:, np.newaxis] + np.arange(3)).ravel()
        other = base[:, np.newaxis] + np.where(np.arange(200) % 40 == 0, 0.5, 300)[:, np.newaxis]
        other = (other + np.arange(3)).ravel()
        folders = np.repeat([0, 1], 600)
        captured = times(*one.tolist(), *other.tolist())
        assert join_folders(captured, folders).tolist() == folders.tolist()

    def test_joining_never_mixes_scenes_of_cameras_that_keep_one_clock(self) -> None:
        """Each takes a photo at noon, besides its own triggers: folders stay cameras."""
        n_days, tables = 40, []
        for camera in range(3):
            own, _ = make_triggers(n_days, 4, 86_400)
            own["captured"] += np.timedelta64(camera * 3 + 1, "h")
            noon = own[::4].copy()
            noon["captured"] = START + np.arange(n_days) * np.timedelta64(1, "D")
            both = np.concatenate([own, noon])
            both["lab_layout"] ^= np.uint8(camera * 85)
            tables.append(both[np.argsort(both["captured"], kind="stable")])
        paths = [path for camera in range(3) for path in name_all(n_days * 5, f"cam_{camera}")]
        layout = lay(np.concatenate(tables), paths)
        assert layout.regime == "timed"
        assert layout.order.tolist() == list(range(len(paths)))

    def test_cameras_are_numbered_by_their_first_folders(self) -> None:
        """As folders are, so that natural order decides."""
        captured = times(0, 900, 1, 901, 2, 902, 300, 903, 301, 302)
        folders = np.array([0, 1, 2, 1, 0, 1, 2, 1, 0, 2])
        assert join_folders(captured, folders).tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0, 0]


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_quantiles_are_those_of_numpy(share: float) -> None:
    """To the last bit, as selections depend on them."""
    generator = np.random.default_rng(0)
    for n in range(1, 50):
        values = generator.exponential(20, n)
        assert find_quantile(values, share) == np.quantile(values, share)


class TestEvents:
    """number_events cuts at pauses."""

    def test_a_pause_of_more_than_a_minute_ends_an_event(self) -> None:
        """Frames may follow one another for longer than that."""
        captured = times(0, 60, 120, 180.5, 241, 1000)
        assert number_events(captured, np.zeros(6, np.int64)).tolist() == [0, 0, 0, 1, 2, 3]

    def test_a_photo_every_minute_is_not_one_event(self) -> None:
        """Five minutes at most, as many more as there are."""
        events = number_events(times(*range(0, 1200, 60)), np.zeros(20, np.int64))
        assert np.bincount(events).tolist() == [5, 5, 5, 5]

    def test_no_event_is_of_two_cameras(self) -> None:
        """However close they are in time."""
        assert number_events(times(5, 6, 6, 7), np.array([0, 0, 1, 1])).tolist() == [0, 0, 1, 1]

    def test_a_frame_without_a_time_is_alone(self) -> None:
        """It may be of any."""
        captured = times(None, None, 3, 4)
        assert number_events(captured, np.zeros(4, np.int64)).tolist() == [0, 1, 2, 2]

    def test_a_clock_that_stands_still_makes_no_endless_event(self) -> None:
        """A hundred frames at most."""
        events = number_events(times(*[0] * 250), np.zeros(250, np.int64))
        assert np.bincount(events).tolist() == [100, 100, 50]

    def test_no_frames_are_no_events(self) -> None:
        """An empty collection is allowed."""
        assert number_events(times(), np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100, 1000])
def test_the_order_by_looks_has_every_picture_once(n: int) -> None:
    """Whatever the number."""
    order = order_by_looks(scatter_bytes(n, 48, 1), 2, np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(n))
