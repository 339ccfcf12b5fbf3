"""The names that users of the package rely on."""

import inspect

import evalslo


def test_every_public_name_is_there_and_documented():
    for name in evalslo.__all__:
        found = getattr(evalslo, name)
        assert inspect.getdoc(found), name
    assert sorted(evalslo.__all__) == evalslo.__all__ or set(evalslo.__all__) == set(dir(evalslo))


def test_the_face_is_small():
    assert 15 <= len(evalslo.__all__) <= 25


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(evalslo, "no_such_name")
