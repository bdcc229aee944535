"""Documents of detections: what detectors and camera-trap tools write."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, get_args

from .checks import check_choice, check_flag, check_type
from .display import count_noun, format_html
from .errors import InvalidParameterError
from .formats import read_document
from .gathering import measure_photo
from .items import DocumentItems, Fact, NamedImages, list_document_items, list_facts, to_text
from .options import BoxOrientation, DocumentOptions, ItemKind, PathLike, WrittenFormat
from .records import Picks
from .results import write_document

if TYPE_CHECKING:
    from .formats import Fault
    from .records import ItemList, Region
    from .selection import Selection


class Document:
    """A document of detections, and the crops or photos in it.

    Make one with `Document.read`, index it with `ImageIndex.build`, sample, and write the same
    document reduced to the selection.

    Parameters
    ----------
    contents : DocumentItems
        What was taken from it.

    Attributes
    ----------
    contents : DocumentItems
        What was taken from it.

    Examples
    --------
    >>> document = Document.read("results.json", root="photos")  # doctest: +SKIP
    >>> index = ImageIndex.build(document)  # doctest: +SKIP
    >>> document.write(index.sample(500), "subset.json")  # doctest: +SKIP
    """

    def __init__(self, contents: DocumentItems) -> None:
        self.contents = contents

    def __len__(self) -> int:
        """Count the crops or photos."""
        return len(self.items)

    def __iter__(self) -> "Iterator[str | tuple[str, Region]]":
        """Go through the photos by path, or through the crops by path and region."""
        return iter(self.items.name_items())

    def __contains__(self, item: object) -> bool:
        """Tell whether a photo by its path, or a crop by path and region, is here."""
        return any(each == item for each in self)

    def __repr__(self) -> str:
        """Show the format and the counts."""
        return f"<Document of {self.contents.annotations.format}: {self._count()}>"

    def _repr_html_(self) -> str:
        """Show in a notebook what was taken from it, and what was not."""
        annotations, options = self.contents.annotations, self.contents.options
        photos = count_noun(len(annotations.entries), "photo")
        rows = {
            "Format": f"{annotations.format} {annotations.version or ''}".rstrip(),
            "File": annotations.file,
            "Boxes": f"{len(annotations.boxes):,} in {photos}",
            "Least confidence": f"{options.min_confidence:g}",
        }
        if self.contents.n_faults:
            place, text = self.faults[0]
            rows["Faults"] = f"{self.contents.n_faults:,}, first {place}: {text}"
        return format_html(self._count(), rows.items())

    def _count(self) -> str:
        kind = "crop" if self.contents.options.items == "crops" else "photo"
        n_files = count_noun(len(self.items.keys), "file")
        return f"{count_noun(len(self), kind)} in {n_files}"

    @classmethod
    def read(
        cls,
        path: PathLike,
        *,
        root: PathLike | None = None,
        items: ItemKind | None = None,
        min_confidence: float = DocumentOptions.min_confidence,
        categories: Collection[str] = (),
        box_orientation: BoxOrientation | None = None,
        strict: bool = False,
    ) -> "Document":
        """Read a document: MegaDetector, SpeciesNet, COCO, COCO Camera Traps or Camtrap DP.

        Its content decides what it is, not its name.

        Parameters
        ----------
        path : path
            The file; of Camtrap DP, the folder or its ``datapackage.json``.
        root : path, optional
            Folder that relative paths count from. Leading folders of all paths are dropped where
            that leads to more photos. By default the working folder or the document's, whichever
            holds more photos.
        items : {"crops", "photos"}, optional
            What the items are; by default crops, if there are boxes.
        min_confidence : float
            Detections below this are left out, unless people verified or drew them.
        categories : collection of str
            Names or numbers of the detector's categories that count, by default all. Where
            several have one name, it means all of them, and a number means that one.
        box_orientation : {"upright", "stored", "megadetector"}, optional
            The picture that boxes count from: as viewers turn it, as it is stored, or as
            MegaDetector turns it, which leaves mirrored ones as they are stored. By default what
            the document's maker takes.
        strict : bool
            Whether the first entry that is not as it should be ends the call.

        Returns
        -------
        Document
            With its items.

        Raises
        ------
        InvalidParameterError
            When the file is no such document, its frame is not as it should be, or a parameter has
            a wrong value.

        Warns
        -----
        DocumentWarning
            When the document is of a newer version, or no valid JSON but readable.
        """
        options = DocumentOptions(root, items, min_confidence, categories, box_orientation, strict)
        name = to_text(path, "The 'path' parameter")
        annotations = read_document(name)
        if annotations is None:
            msg = (
                f"{name!r} is no document of detections that can be read. Expected what "
                "MegaDetector or SpeciesNet writes, COCO, or a folder of Camtrap DP."
            )
            raise InvalidParameterError(msg)
        return cls(list_document_items(annotations, options, measure_photo))

    @property
    def items(self) -> "ItemList":
        """The crops or photos, in the document's order."""
        return self.contents.items

    @property
    def faults(self) -> "tuple[Fault, ...]":
        """The first hundred entries and boxes that are not as they should be."""
        return self.contents.faults

    def list_groups(self, fact: Fact) -> list[object]:
        """List the group of each item, for the ``groups`` of `ImageIndex.sample`.

        Parameters
        ----------
        fact : {"species", "category", "location", "deployment", "sequence", "camera"}
            What makes a group. A camera is a folder, without those that cameras make when one is
            full, and so is the location where the document tells none.

        Returns
        -------
        list of str
            "unlabelled" where the document says nothing.

        Raises
        ------
        InvalidParameterError
            When the document tells no such thing.
        """
        check_choice("fact", fact, get_args(Fact))
        named = NamedImages.of_document(self.contents)
        return list_facts(named.paths, self.items.details, fact)

    def write(
        self,
        selection: "Selection",
        destination: PathLike,
        *,
        only_selected_boxes: bool = False,
        to: WrittenFormat | None = None,
    ) -> None:
        """Write the document reduced to a selection.

        In its own format, what stays is kept as it is spelt, and in the same order.

        Parameters
        ----------
        selection : Selection
            Of the items of this document.
        destination : path
            A file, or a folder for Camtrap DP. Missing folders are made; an earlier part of the
            same document is replaced.
        only_selected_boxes : bool
            Whether photos keep their selected boxes alone, and not all.
        to : {"coco", "megadetector", "camtrap-dp"}, optional
            Another format to write; Camtrap DP from Camtrap DP alone.

        Raises
        ------
        InvalidParameterError
            When the selection is not of this document, or a parameter has a wrong value.
        OutputError
            When the file cannot be written, or would replace a file that is no part of this
            document.
        """
        check_type("selection", selection, Picks, "a Selection")
        check_flag("only_selected_boxes", only_selected_boxes)
        if to is not None:
            check_choice("to", to, get_args(WrittenFormat))
        write_document(
            self.contents, selection, destination, only_selected_boxes=only_selected_boxes, to=to
        )
