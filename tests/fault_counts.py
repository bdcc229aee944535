"""How many cases the long fault tests try, as docs/security.md tells.

The tests take their numbers from here, or make sure that they try as many at least.
"""

IMAGES = "damaged images are decoded"
DOCUMENTS = "damaged lists and tables are read"
JSON_DOCUMENTS = "damaged documents of detections in JSON are read"
PACKAGES = "damaged Camtrap DP packages are read, and written in part"
PACKS = "forged packs and parts of stores, whose checksums fit, are read"
MERGED = "damaged and forged stores of others are brought in"
LOCKS = "lockfiles are forged, so that their checksum fits, and verified, repeated or added to"
FLIPS = "parts of stores with a changed byte are read"
SIGNALS = "runs are stopped by a signal and started again"
COPIES = "copies and links are made while another program writes there"

TRIED = {
    IMAGES: 20_000,
    DOCUMENTS: 9_000,
    JSON_DOCUMENTS: 6_000,
    PACKAGES: 6_000,
    PACKS: 3_000,
    MERGED: 2_000,
    LOCKS: 3_000,
    FLIPS: 5_000,
    SIGNALS: 130,
    COPIES: 15_000,
}


def make_table() -> str:
    """Make the table of the page."""
    lines = ["| what the tests try | how often |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {what} | {n:,} |" for what, n in TRIED.items())])
