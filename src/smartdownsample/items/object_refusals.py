"""What to tell people of a request that an object store or a web server refused."""

from ..errors import InvalidParameterError, StorageError
from ..object_urls import ObjectPlace
from ..records import Cause
from .object_requests import BAD_NAME, NO_CREDENTIALS, NOT_THERE, PANIC, Refusal

_OTHER_REASON = "the store gives an error. A bucket in another region needs AWS_REGION."
_REASONS: dict[str, str] = {
    Cause.PERMISSION: (
        "the store refuses. Check the credentials, and what they are allowed in this bucket."
    ),
    Cause.THROTTLED: "the store refuses so many requests. Try again later.",
    Cause.UNREACHABLE: (
        "the store cannot be reached. Check the network, and the address, such as that of "
        "AWS_ENDPOINT_URL."
    ),
}
# By scheme: where credentials may come from, and what says that none are needed.
_CREDENTIALS = {
    "s3": ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", "AWS_SKIP_SIGNATURE"),
    "gs": (
        "GOOGLE_SERVICE_ACCOUNT, or log in by 'gcloud auth application-default login'",
        "GOOGLE_SKIP_SIGNATURE",
    ),
    "az": (
        (
            "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or log in by 'az login' "
            "with AZURE_USE_AZURE_CLI=true"
        ),
        "AZURE_SKIP_SIGNATURE",
    ),
}


def explain_refusal(place: ObjectPlace, refusal: Refusal) -> Exception:
    """Say why objects cannot be listed, and what to do."""
    if refusal.status == NOT_THERE:
        return InvalidParameterError(f"There is no bucket {place.root!r}. Check the spelling.")
    where = f"{place.root}/{place.name}".rstrip("/")
    said = _quote(refusal)
    return StorageError(
        f"{where!r} cannot be listed{said and f' ({said})'}: {give_reason(place, refusal)}"
    )


def _quote(refusal: Refusal) -> str:
    """Quote the store: a number of HTTP, and its word for the error."""
    return " ".join(filter(None, [str(refusal.status or ""), refusal.code]))


def give_reason(place: ObjectPlace, refusal: Refusal) -> str:
    """Give the reason for a refusal, and say what to do, as the end of a sentence."""
    if refusal.status == NOT_THERE:
        return "there is no such bucket. Check the spelling."
    if refusal.code == BAD_NAME:
        return (
            f"the client cannot work with the name {refusal.name!r}. A name with an empty part "
            "('//'), a part '.' or '..', or a control character is none for it. Rename what has "
            "it, or give folders that are beside it."
        )
    if refusal.code == PANIC:
        return (
            "the client cannot work with what it was given. Check the name, and addresses and "
            "credentials in the environment."
        )
    if refusal.code == NO_CREDENTIALS:
        variables, unsigned = _CREDENTIALS[place.root.partition("://")[0]]
        return (
            "there are no credentials in the environment, in a profile or from the instance. Set "
            f"{variables}; or {unsigned}=true where everybody may read (see "
            "docs/object-storage.md)."
        )
    return _REASONS.get(refusal.cause) or _OTHER_REASON
