"""Photos of the collection as they were drawn, and the names of what is in them."""

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

CAMERAS = ("site_2_desert/cam_A", "site_3_savanna/cam_A", "site_10_snow/cam_B",
           "site_11_meadow/cam_A")  # fmt: skip

Box = tuple[int, int, int, int]
Rows = list[dict[str, object]]


class Shot(NamedTuple):
    """A photo as it was drawn: ``box`` has left, top, right and bottom in the upright picture."""

    path: str
    camera: str
    size: tuple[int, int]
    orientation: int
    taken: datetime
    frame: int
    n_frames: int
    species: str
    box: Box | None

    @property
    def event(self) -> str:
        """Name the burst by its camera and when it started."""
        start = self.taken - timedelta(seconds=self.frame - 1)
        return f"{self.camera.replace('/', '-')}-{start:%Y%m%d-%H%M%S}"

    @property
    def shares(self) -> list[float] | None:
        """Its box as x, y, width and height, in shares of the picture."""
        return None if self.box is None else to_shares(self.box, self.size)


class Taxon(NamedTuple):
    """Latin names by rank, as far down as pictures tell."""

    classis: str
    order: str
    family: str
    genus: str
    species: str
    common: str

    @property
    def scientific(self) -> str:
        """Name the lowest rank."""
        if self.species:
            return f"{self.genus.capitalize()} {self.species}"
        return self.classis.capitalize()

    @property
    def label(self) -> str:
        """Spell it as SpeciesNet does."""
        return f"{uuid.uuid5(uuid.NAMESPACE_URL, self.scientific)};{';'.join(self)}"


TAXA = {
    "deer": Taxon("mammalia", "cetartiodactyla", "cervidae", "cervus", "elaphus", "red deer"),
    "fox": Taxon("mammalia", "carnivora", "canidae", "vulpes", "vulpes", "red fox"),
    "boar": Taxon("mammalia", "cetartiodactyla", "suidae", "sus", "scrofa", "wild boar"),
    "cat": Taxon("mammalia", "carnivora", "felidae", "felis", "lybica", "african wildcat"),
    "zebra": Taxon("mammalia", "perissodactyla", "equidae", "equus", "quagga", "plains zebra"),
    "hare": Taxon("mammalia", "lagomorpha", "leporidae", "lepus", "europaeus", "european hare"),
    "bird": Taxon("aves", "", "", "", "", "bird"),
}


def to_shares(box: Box, size: tuple[int, int]) -> list[float]:
    """Return x, y, width and height of a box in shares, with the four digits of detectors."""
    left, top, right, bottom = box
    width, height = size
    shares = (left / width, top / height, (right - left) / width, (bottom - top) / height)
    return [round(share, 4) for share in shares]
