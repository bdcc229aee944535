"""Runs on buckets, as people make them: the command, what it writes, and what goes wrong."""

import csv
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from object_servers import SECRET, Bucket, Proxy, lead_to
from pictures import DATA_SAMPLES, write_picture
from smartdownsample import ImageIndex, ImageLoadingWarning, find_images
from smartdownsample.cli import main
from smartdownsample.items import FILES
from smartdownsample.items.files import AllFiles
from smartdownsample.items.object_requests import Patience
from smartdownsample.items.object_stores import ObjectStores

# Of fifty requests: 20 % busy, 14 % cut, 4 % stalled, spread over all.
FAULTS = tuple(
    "busy" if n % 5 == 0 else "cut" if n % 7 == 1 else "stall" if n % 25 == 3 else ""
    for n in range(50)
)
QUICK = Patience(first_pause_s=0.02, connect_s=1, read_s=0.5, total_s=60)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open clients anew, of what the environment of this test says, and let them wait less."""
    monkeypatch.setattr(FILES, "remote", ObjectStores(QUICK))


def renew_clients() -> None:
    """Open clients anew once more."""
    assert isinstance(FILES, AllFiles)
    FILES.remote = ObjectStores(QUICK)


@pytest.fixture
def photos(bucket: Bucket, tmp_path: Path) -> list[str]:
    """Put a small survey into a bucket: three cameras, and what is no image."""
    locations = []
    for number in range(60):
        name = f"site_{number % 3 + 9}/cam_A/IMG_{number}.JPG"
        path = write_picture(tmp_path / "local" / name, number)
        locations.append(bucket.put(f"survey/{name}", path.read_bytes()))
    bucket.put("survey/notes.txt", b"no image")
    bucket.put("survey/site_9/broken.jpg", b"no image either")
    return locations


def read_rows(table: Path) -> list[dict[str, str]]:
    """Read a table that the command wrote."""
    return list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))


def run(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command; one that takes two minutes is killed, which is an error."""
    return subprocess.run(
        [sys.executable, "-m", "smartdownsample", *arguments],
        cwd=cwd,
        env={**os.environ, "SMARTDOWNSAMPLE_CACHE_DIR": str(cwd / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class TestCommand:
    """A prefix in a bucket is as good as a folder."""

    def test_a_bucket_is_sampled_as_a_folder_is(
        self, photos: list[str], bucket: Bucket, tmp_path: Path
    ) -> None:
        """The same photos are picked, in the same order, with URLs in the place of paths."""
        source = f"{bucket.root}/survey"
        done = run("sample", source, "-n", "12", "-o", "there.csv", cwd=tmp_path)
        assert not done.returncode, done.stderr
        (tmp_path / "local" / "site_9" / "broken.jpg").write_bytes(b"no image either")
        run("sample", "local", "-n", "12", "-o", "here.csv", cwd=tmp_path)
        there, here = read_rows(tmp_path / "there.csv"), read_rows(tmp_path / "here.csv")
        expected = [{**row, "path": row["path"].replace("local", source)} for row in here]
        assert there == expected
        assert {row["path"] for row in there} <= {*photos}

    def test_patterns_count_from_the_prefix(self, photos: list[str], bucket: Bucket) -> None:
        """As from a folder; listings have natural order."""
        assert find_images(f"{bucket.root}/survey")[:2] == [
            f"{bucket.root}/survey/site_9/broken.jpg",
            f"{bucket.root}/survey/site_9/cam_A/IMG_0.JPG",
        ]
        assert len(find_images(f"{bucket.root}/survey/site_10/")) == len(photos) // 3

    @pytest.mark.usefixtures("photos")
    def test_picks_are_looked_at_kept_and_copied(self, bucket: Bucket, tmp_path: Path) -> None:
        """What is written in one round is read in the next; copies are downloads."""
        source = f"{bucket.root}/survey/"
        first = run(
            *("sample", source, "-n", "6", "--exclude", "site_9/*", "-o", "picks.csv"),
            *("--manifest", "m.json", "--report", "page.html"),
            cwd=tmp_path,
        )
        assert not first.returncode, first.stderr
        assert "site_9" not in (tmp_path / "picks.csv").read_text(encoding="utf-8")
        assert json.loads((tmp_path / "m.json").read_text())["parameters"]["sources"] == [source]
        assert "data:image/jpeg;base64," in (tmp_path / "page.html").read_text(encoding="utf-8")
        second = run(
            *("sample", source, "-n", "9", "--keep", "picks.csv", "-o", "more.csv"),
            *("--copy-to", "copies"),
            cwd=tmp_path,
        )
        assert not second.returncode, second.stderr
        rows = read_rows(tmp_path / "more.csv")
        names = sorted(row["path"].removeprefix(source) for row in rows)
        copies = [path for path in (tmp_path / "copies").rglob("*.JPG") if path.is_file()]
        assert sorted(path.relative_to(tmp_path / "copies").as_posix() for path in copies) == names
        for copy in copies:
            name = copy.relative_to(tmp_path / "copies")
            assert copy.read_bytes() == (tmp_path / "local" / name).read_bytes()
        inspected = run("inspect", source, cwd=tmp_path)
        assert f"{bucket.root}/survey/site_10/cam_A" in inspected.stdout
        dry = run("sample", source, "-n", "5", "--dry-run", cwd=tmp_path)
        assert dry.stdout.startswith(
            "61 images: 60 known from earlier runs, 1 missing or unreadable"
        )

    @pytest.mark.usefixtures("photos")
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--link-to", "links"], "use how='copy', which downloads"),
            (["--lock", "lock.json"], "A lockfile is of files of this machine"),
        ],
    )
    def test_what_only_files_have_is_refused(
        self, bucket: Bucket, tmp_path: Path, options: list[str], message: str
    ) -> None:
        """With what to do instead."""
        done = run("sample", f"{bucket.root}/survey", "-n", "5", *options, cwd=tmp_path)
        assert done.returncode
        assert not (tmp_path / "cache").exists(), "before any object is read"
        assert message.lower() in done.stderr.lower()
        assert "Traceback" not in done.stderr

    @pytest.mark.usefixtures("surroundings")
    def test_errors_are_a_line(self, tmp_path: Path) -> None:
        """Of a bucket that is not there, and of a list that is not here."""
        for source, message in (
            ("s3://not-there-at-all/photos", "There is no bucket"),
            ("s3://not-there-at-all/photos.csv", "must be files of this machine"),
            ("https://127.0.0.1/photos", "lists no images"),
            ("s3://bucket/survey/*/IMG_*.JPG", "Name 's3://bucket/survey', and choose"),
            ("gs://bucket/survey", "Set GOOGLE_SERVICE_ACCOUNT"),
            ("az://box/survey", "AZURE_STORAGE_ACCOUNT_NAME is needed"),
        ):
            done = run("sample", source, "-n", "5", cwd=tmp_path)
            assert done.returncode
            assert message in done.stderr
            assert len(done.stderr.splitlines()) <= 2

    @pytest.mark.usefixtures("surroundings")
    @pytest.mark.parametrize("address", ["127.0.0.1:27333", "http://", "http://host:abc"])
    def test_an_address_that_is_none_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        """By the variable that has it."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        done = run("sample", "s3://bucket/survey", "-n", "5", cwd=tmp_path)
        assert done.returncode
        assert "The environment variable AWS_ENDPOINT_URL must be" in done.stderr
        assert len(done.stderr.splitlines()) == 1

    def test_a_store_that_is_lost_on_the_way_is_a_failure(
        self,
        photos: list[str],
        bucket: Bucket,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """The next run goes on from there."""
        names = tmp_path / "names.txt"
        names.write_text("\n".join(photos), encoding="utf-8")
        command = ["features", str(names), "--cache-dir", str(tmp_path / "cache")]
        # All are asked for, and some are read.
        faults = ("",) * (len(photos) + 9) + ("busy",) * 5_000
        monkeypatch.setattr(FILES, "remote", ObjectStores(QUICK._replace(first_pause_s=0.001)))
        with Proxy(bucket.server.port, faults) as proxy, lead_to(proxy):
            assert main(command) == 1
        said = capfd.readouterr().err
        assert f"of {len(photos)} images to be read could not be reached" in said
        assert "The same command goes on from there" in said
        n_lost = int(said.partition(f" of {len(photos)} images")[0].split()[-1])
        renew_clients()
        assert main(command) == 0
        assert f"Read {n_lost} images" in "".join(capfd.readouterr())
        assert 0 < n_lost < len(photos)

    def test_what_is_kept_of_a_bucket_is_opened_and_exported(
        self, photos: list[str], bucket: Bucket, tmp_path: Path
    ) -> None:
        """Without a request, by the URL of the folder."""
        source = f"{bucket.root}/survey"
        index = ImageIndex.build(photos, cache_dir=tmp_path / "cache")
        opened = ImageIndex.open(tmp_path / "cache", f"{source}/")
        assert opened.paths == index.paths
        done = run("cache", "export", "kept.parquet", source, "--root", source, cwd=tmp_path)
        assert not done.returncode, done.stderr
        pack = ImageIndex.from_pack(tmp_path / "kept.parquet", source)
        assert pack.paths == index.paths


class TestStore:
    """What was read once is known, as long as it stays what it was."""

    def test_a_second_run_gets_no_object(
        self, photos: list[str], bucket: Bucket, tmp_path: Path
    ) -> None:
        """It lists them; of a table, it asks for their states."""
        with Proxy(bucket.server.port) as proxy, lead_to(proxy):
            renew_clients()
            ImageIndex.build(photos, cache_dir=tmp_path)
            assert proxy.count("GET") == len(photos)
            proxy.requests.clear()
            index = ImageIndex.build(photos, cache_dir=tmp_path)
            assert len(index) == len(photos)
            assert proxy.count("GET") == 0
            for n_read in (1, 0):  # what is no image and had not been asked for
                proxy.requests.clear()
                with pytest.warns(ImageLoadingWarning, match=r"broken\.jpg"):
                    ImageIndex.build(f"{bucket.root}/survey", cache_dir=tmp_path)
                assert proxy.count("GET") == n_read
                assert len(proxy.requests) == 1 + n_read  # names and states are listed together

    def test_an_object_written_again_at_once_is_read_again(
        self, photos: list[str], bucket: Bucket, tmp_path: Path
    ) -> None:
        """With as many bytes, in the same second: its etag tells."""
        name = photos[0].removeprefix(f"{bucket.root}/")
        data = write_picture(tmp_path / "a.bmp", 1).read_bytes()
        other = write_picture(tmp_path / "b.bmp", 4).read_bytes()
        assert len(data) == len(other)
        bucket.put(name, data)
        before = ImageIndex.build(photos[:1], cache_dir=tmp_path)
        bucket.put(name, other)
        after = ImageIndex.build(photos[:1], cache_dir=tmp_path)
        assert (before.table.rows["dhash"] != after.table.rows["dhash"]).any()

    def test_previews_need_the_heads_alone(self, bucket: Bucket, tmp_path: Path) -> None:
        """And give what they give of files."""
        photos = sorted((DATA_SAMPLES / "photos").rglob("*.JPG"))[:40]
        names = [path.relative_to(DATA_SAMPLES).as_posix() for path in photos]
        there = [
            bucket.put(name, path.read_bytes()) for name, path in zip(names, photos, strict=True)
        ]
        with Proxy(bucket.server.port) as proxy, lead_to(proxy):
            renew_clients()
            index = ImageIndex.build(there, decode="preview", cache_dir=tmp_path)
            assert len(index) == len(there)
            # Never more than the head and the rest of each.
            assert proxy.count("GET") <= 2 * len(there)


class TestFaults:
    """A network that fails now and then costs time, and nothing else."""

    def test_all_is_read_over_a_network_that_fails(
        self, photos: list[str], bucket: Bucket, tmp_path: Path
    ) -> None:
        """With 20 % of 503, 14 % of cut replies and 4 % of stalls."""
        assert [FAULTS.count(fault) for fault in ("busy", "cut", "stall")] == [10, 6, 2]
        sound = ImageIndex.build(photos, cache=False)
        with Proxy(bucket.server.port, FAULTS) as proxy, lead_to(proxy):
            renew_clients()
            index = ImageIndex.build(photos, cache_dir=tmp_path)
        assert not index.failures
        assert index.table.rows.tobytes() == sound.table.rows.tobytes()

    def test_a_store_that_goes_away_ends_the_run_with_a_cause_for_each(
        self, photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing of it is kept: the next run reads all. One that does not end is killed."""
        names = tmp_path / "names.txt"
        names.write_text("\n".join(photos[:16]), encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            done = run("features", str(names), cwd=tmp_path)
        assert done.returncode == 1
        assert "cannot be reached (16, first" in done.stderr
        assert len(ImageIndex.build(photos[:16], cache_dir=tmp_path / "cache")) == 16


def test_the_secret_is_found_nowhere(
    photos: list[str],
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in what is written or sent, nor in what is said when it goes wrong."""
    sent: list[bytes] = []
    dump = pickle.dumps

    def note(*arguments: object, **options: object) -> bytes:
        data = dump(*arguments, **options)  # type: ignore[arg-type]
        sent.append(data)
        return data

    monkeypatch.setattr(pickle, "dumps", note)
    index = ImageIndex.build(photos, cache_dir=tmp_path / "cache")
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert len(ImageIndex.build(photos, cache=False)) == len(photos)
    assert len(index) == len(photos)
    monkeypatch.undo()
    told = []
    for name, value in (("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_ACCESS_KEY_ID", "OTHER")):
        environment = {**os.environ, **bucket.server.environment, name: value}
        for source in (f"{bucket.root}/survey", photos[0]):
            done = subprocess.run(
                [sys.executable, "-X", "dev", "-m", "smartdownsample", "sample", source, "-n", "2"],
                env={**environment, "SMARTDOWNSAMPLE_CACHE_DIR": str(tmp_path / "cache")},
                capture_output=True,
                check=False,
                timeout=120,
            )
            told += [done.stdout, done.stderr]
    run("sample", *photos, "-n", "2", "-o", "a.csv", "--manifest", "m.json", cwd=tmp_path)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    everything = [*sent, *told, *written, caplog.text.encode()]
    assert len(written) > len(photos)
    secrets = [SECRET.encode(), SECRET.encode().hex().encode(), json.dumps(SECRET).encode()]
    assert not [data for data in everything for secret in secrets if secret in data]
