"""The tree of errors keeps its promises: a docstring each, a sentence for people, whole after the trip to a worker process and back."""

import inspect
import pickle
import re
from datetime import timedelta

import pytest

from watcher import errors

TREE = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.WatcherError)]

SAMPLES = [
    errors.WatcherError("something"),
    errors.ConfigError("unknown key", file="watcher.toml", line=7, key="fetch.intervall"),
    errors.QueryError("expected a word", query="a AND", position=5),
    errors.FetchError(
        "https://a.example/", "reset", "the connection was reset", retry_after=timedelta(minutes=1), trouble=errors.Trouble.TEMPORARY
    ),
    errors.FetchTimeout("https://a.example/"),
    errors.BadStatus("https://a.example/", status=503, retry_after=timedelta(seconds=9)),
    errors.TooLarge("https://a.example/"),
    errors.BlockedAddress("https://a.example/"),
    errors.ParseError("https://a.example/", "xml", "not well-formed"),
    errors.ExtractError("https://a.example/", "empty"),
    errors.StoreError("the disk is full"),
    errors.StoreLocked("process 7 has it", 7),
    errors.StoreUnavailable("the server does not answer"),
    errors.StoreTooNew("written by a newer watcher"),
    errors.DeliveryError("desk", "refused", "550 no", retryable=False, configuration=True),
]


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_each_kind_is_explained_and_drawn_in_the_tree(kind):
    assert kind.__doc__
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__)


def test_there_is_a_sample_of_each_kind():
    assert {type(error) for error in SAMPLES} == set(TREE)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_each_survives_the_border_between_processes(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_each_says_where_it_happened(error):
    for name in ("url", "channel", "file", "query"):
        value = getattr(error, name, None)
        if value:
            assert value in str(error)
