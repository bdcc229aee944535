"""Clients of object stores and web servers, made from a URL and this process's surroundings.

Credentials come from the environment, from a profile of the AWS command line or from the instance;
nothing here takes any. A client holds them, so it never leaves its process.
"""

import configparser
import os
from datetime import timedelta
from typing import Any

from ..checks import hide_secrets
from ..errors import InvalidParameterError, MissingExtraError, StorageError
from ..object_urls import is_address
from .object_requests import Client, Patience

# What a profile may have, by the names that the client has for them.
_PROFILE_OPTIONS = (
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "region",
    "endpoint_url",
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")
_KEY, _REGIONS = "AWS_ACCESS_KEY_ID", ("AWS_REGION", "AWS_DEFAULT_REGION")


# The process that opened the first client: its threads, which all clients share, are in no fork.
_opened_by: list[int] = []


def check_process() -> None:
    """Raise StorageError in a fork of a process that has opened a client, where each would hang."""
    if _opened_by and _opened_by[0] != os.getpid():
        msg = (
            "Objects cannot be read in a process that was forked from one that has read some: the "
            "client would wait for ever. Start processes by 'spawn', as by "
            "multiprocessing.get_context('spawn')."
        )
        raise StorageError(msg)


def open_client(root: str, patience: Patience) -> Client:
    """Open the client of a bucket or web server, such as ``s3://photos``; nothing is asked yet.

    Raises `MissingExtraError` where obstore is not installed, `InvalidParameterError` for an
    address that is none, of the URL or in the environment, and `StorageError` where other variables
    cannot be.
    """
    try:
        from obstore import exceptions, store
    except ImportError as error:
        msg = (
            f"What lies at {root} needs obstore, which is not installed. Install it with: "
            "pip install 'smartdownsample[remote]'."
        )
        raise MissingExtraError(msg) from error
    check_process()
    scheme, _, host = root.partition("://")
    _check_endpoints()
    config = _read_profile() if scheme == "s3" else {}
    endpoints = [root, *map(os.environ.get, _ENDPOINTS), config.get("endpoint")]
    options: dict[str, Any] = {
        "client_options": {
            "connect_timeout": timedelta(seconds=patience.connect_s),
            "timeout": timedelta(seconds=patience.read_s),
            # Only where whoever runs this named such an address.
            "allow_http": any(each and each.startswith("http://") for each in endpoints),
        },
        # `Line` tries again.
        "retry_config": {"max_retries": 0, "retry_timeout": timedelta(seconds=patience.read_s)},
    }
    kinds = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}
    _opened_by[:] = [os.getpid()]
    try:
        if scheme.startswith("http"):
            return store.HTTPStore.from_url(root, **options)
        return kinds[scheme](host, config=config or None, **options)
    except (exceptions.BaseError, ValueError):  # their text may quote values
        if scheme.startswith("http"):
            msg = f"{root!r} is no address of a web server. Correct the host and the port."
            raise InvalidParameterError(msg) from None
        lacking = "AZURE_STORAGE_ACCOUNT_NAME is needed. " if scheme == "az" else ""
        msg = (
            f"{root!r} cannot be asked with what the environment and the profile say. {lacking}"
            "See docs/object-storage.md for the variables, and correct them."
        )
        raise StorageError(msg) from None


def _check_endpoints() -> None:
    """Raise InvalidParameterError for an address in the environment that no client can take."""
    for name in _ENDPOINTS:
        address = os.environ.get(name)
        if not address:
            continue
        if not is_address(address):
            msg = (
                f"The environment variable {name} must be an address that starts with http:// or "
                f"https://, such as 'https://storage.example.org'. Got {hide_secrets(address)!r} "
                "instead. Correct or unset it."
            )
            raise InvalidParameterError(msg)


def _read_profile() -> dict[str, str]:
    """Read the options of the profile that the AWS command line would use.

    The environment comes first: of what it has, nothing is read.
    """
    environment = os.environ
    home = os.path.join(os.path.expanduser("~"), ".aws")
    name = environment.get("AWS_PROFILE", "default")
    found: dict[str, str] = {}
    for variable, file, section in (
        ("AWS_CONFIG_FILE", "config", name if name == "default" else f"profile {name}"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials", name),
    ):
        # Values may have a percent sign, which is no reference.
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(environment.get(variable) or os.path.join(home, file), encoding="utf-8")
        except (OSError, ValueError, configparser.Error):  # the client tells what it lacks
            continue
        if parser.has_section(section):
            found |= parser.items(section)
    options = {option: found[option] for option in _PROFILE_OPTIONS if found.get(option)}
    if environment.get(_KEY):
        options = {name: value for name, value in options.items() if not name.startswith("aws_")}
    if any(map(environment.get, _REGIONS)):
        options.pop("region", None)
    endpoint = options.pop("endpoint_url", None)
    service = environment.get("AWS_ENDPOINT_URL_S3")
    if service or (endpoint and not any(map(environment.get, _ENDPOINTS))):
        options["endpoint"] = service or endpoint or ""
    return {name.removeprefix("aws_"): value for name, value in options.items()}
