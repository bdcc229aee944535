"""Tests of smartdownsample.object_urls."""

import pytest

from smartdownsample import ImageIndex, InvalidParameterError, find_images
from smartdownsample.items.locations import to_key, to_keys
from smartdownsample.object_urls import ObjectPlace, is_hidden, is_remote, split_url


@pytest.mark.parametrize(
    "location", ["s3://b/1.jpg", "gs://b", "az://b/", "http://h/a", "https://h/a", "S3://b/a"]
)
def test_urls_of_stores_and_web_servers_are_remote(location: str) -> None:
    """Whatever the case of the scheme."""
    assert is_remote(location)


@pytest.mark.parametrize(
    "location", ["/s3://b", "./s3://b", "ftp://h/a", "s3:/b", "photos/s3://b", "", "s3", "xs3://b"]
)
def test_anything_else_is_not(location: str) -> None:
    """It may be the name of a file."""
    assert not is_remote(location)


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("s3://Bucket/a b/ä#1?.jpg", "s3://Bucket/a b/ä#1?.jpg"),
        ("S3://bucket/folder/", "s3://bucket/folder"),
        ("s3://bucket", "s3://bucket"),
        ("s3://key:secret@bucket/1.jpg", "s3://bucket/1.jpg"),
        ("https://user:secret@Host.org:8443/a%20b.jpg", "https://host.org:8443/a%20b.jpg"),
        ("https://host.org/1.jpg?signature=secret", "https://host.org/1.jpg"),
        ("HTTP://host.org/1.jpg#part", "http://host.org/1.jpg"),
    ],
)
def test_keys_are_urls_without_what_may_be_secret(location: str, key: str) -> None:
    """Names in buckets may have any character; spellings of one folder have one key."""
    assert to_key(location) == key.encode()


@pytest.mark.parametrize(
    "location",
    [
        "s3://user:hidden@bucket/1.jpg",
        "https://user:hidden@host.org/1.jpg",
        "https://host.org/1.jpg?signature=hidden",
        "https://host.org/1.jpg#hidden",
    ],
)
def test_urls_with_secrets_are_refused_without_telling_them(location: str) -> None:
    """As a source, and in a list."""
    for name in (lambda: find_images(location), lambda: to_keys(["/a.jpg", location])):
        with pytest.raises(InvalidParameterError, match="must have no user") as refused:
            name()
        assert "hidden" not in str(refused.value)


def test_a_url_without_a_bucket_is_refused() -> None:
    """It names nothing."""
    for location in ("s3://", "https:///1.jpg"):
        with pytest.raises(InvalidParameterError, match="must name a bucket or a host"):
            to_keys([location])


@pytest.mark.parametrize("host", ["h:abc", "h:99999", "h:0", "[::1", "h h", ":80"])
def test_addresses_that_no_server_has_are_refused(host: str) -> None:
    """With what was given, before anything is asked."""
    with pytest.raises(InvalidParameterError, match="must have a host") as refused:
        to_keys([f"http://{host}/1.jpg"])
    assert repr(f"http://{host}") in str(refused.value)


@pytest.mark.parametrize("host", ["h", "h:80", "[::1]", "[::1]:8080", "1.2.3.4", "é.org", "h_1.x"])
def test_addresses_of_servers_are_taken(host: str) -> None:
    """By name and by number."""
    assert to_keys([f"http://{host}/a b.jpg"]) == [f"http://{host}/a b.jpg".encode()]


def test_patterns_in_urls_are_refused() -> None:
    """With what to do instead."""
    with pytest.raises(InvalidParameterError, match=r"--include"):
        ImageIndex.build("s3://bucket/site_*/cam", cache=False)


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("s3://bucket/a%20b/c.jpg", ObjectPlace("s3://bucket", "a%20b/c.jpg")),
        ("https://host:1/a%20b/c.jpg", ObjectPlace("https://host:1", "a b/c.jpg")),
        ("gs://bucket", ObjectPlace("gs://bucket", "")),
    ],
)
def test_names_are_spelt_as_their_store_has_them(location: str, place: ObjectPlace) -> None:
    """Those of web servers are encoded in URLs, those in buckets are not."""
    assert split_url(location) == place


def test_hidden_objects_are_those_below_a_hidden_folder_too() -> None:
    """But the folder that is searched may be hidden itself."""
    assert is_hidden("a/.b/c.jpg", "a")
    assert is_hidden(".b.jpg", "")
    assert not is_hidden("a/.b/c.jpg", "a/.b")
    assert not is_hidden("a/b.c/d.jpg", "")
