"""Series are told by folders and by the words that names begin with."""

import pytest

from pools import scatter_bytes
from smartdownsample.sampling.series import number_series

WORDS = ("Abyssinian", "beagle", "maine_coon", "Ödön", "owl", "fox", "elk", "ant", "bee", "cow")
# Names that are drawn by lot.
HEX = [row.tobytes().hex() for row in scatter_bytes(400, 16, 1)]


def name_all(folders: tuple[str, ...], names: list[str]) -> list[str]:
    """Put names into folders in turn."""
    return [f"{folders[i % len(folders)]}/{name}.jpg" for i, name in enumerate(names)]


class TestNumberSeries:
    """number_series numbers what folders and words tell apart, from 1."""

    @pytest.mark.parametrize("form", ["{word}_{number}", "{word}{number}_jpg.rf.{other}"])
    def test_words_that_names_begin_with(self, form: str) -> None:
        """Up to the first digit; what follows does not matter."""
        names = [
            form.format(word=word, number=number, other=HEX[number])
            for word in WORDS
            for number in range(3)
        ]
        numbers = number_series(name_all(("pets",), names))
        assert numbers.tolist() == [1 + number // 3 for number in range(30)]

    def test_folders_of_words(self) -> None:
        """Names drawn by lot do not matter."""
        numbers = number_series(name_all(WORDS, HEX))
        assert numbers.tolist() == [1 + number % 10 for number in range(400)]

    def test_words_are_of_their_folder(self) -> None:
        """The same word in two folders makes two series."""
        names = [f"{word}_{number}" for number in range(8) for word in WORDS[:5]]
        numbers = number_series(name_all(("train", "test"), names))
        assert len(set(numbers.tolist())) == 10

    @pytest.mark.parametrize(
        "paths",
        [
            [],
            ["one.jpg"],
            name_all(("photos",), [f"{number:05d}" for number in range(400)]),
            name_all(("photos",), [f"IMG_{number:05d}" for number in range(400)]),
            name_all(("photos",), HEX),
            # Folders named by lot, too few folders, and names that are one of a kind.
            name_all(tuple(f"photos/{number:02x}" for number in range(20)), HEX),
            name_all(WORDS[:9], HEX),
            [f"photos/{word}{other}.jpg" for word, other in zip(WORDS, HEX, strict=False)],
            [f"photos/{word} {other}.jpg" for word in WORDS for other in WORDS],
        ],
    )
    def test_without_words_there_are_none(self, paths: list[str]) -> None:
        """All have the number 0."""
        assert number_series(paths).tolist() == [0] * len(paths)

    def test_what_is_in_no_series_has_the_number_0(self) -> None:
        """Beside those that are."""
        paths = [*name_all(WORDS, HEX[:40]), "1/2.jpg", "bird.jpg", "pangolin/3.jpg"]
        assert number_series(paths).tolist()[40:] == [0, 0, 0]
