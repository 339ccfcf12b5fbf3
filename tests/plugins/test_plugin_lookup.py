"""When other packages are looked at, by which names they are found, and whose name it is."""

import subprocess
import sys

import pytest

from evalslo.endpoints.open import open_endpoint
from evalslo.errors import UsageError
from evalslo.installed import ENDPOINTS, SCORERS, installed
from evalslo.model.suite import EndpointSpec, Timeouts

LAZY = """
import sys
from evalslo import plugins
plugins.sli_specs()["faithfulness"], plugins.scorers()["latency"], plugins.named_scorers()["overlap"]
plugins.fingerprint(["errors"]), plugins.options_fault
import evalslo.endpoints.open
print([name for name in ("importlib.metadata", "evalslo.scorers.plugin") if name in sys.modules])
"""


def open_kind(kind):
    spec = EndpointSpec(kind=kind)
    return open_endpoint(spec, environ={}, folder=None, timeouts=Timeouts(), samples=lambda path: ())


def test_built_in_names_look_at_no_other_package():
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_plugin_is_found_by_its_name_and_is_not_imported_for_that(write):
    write(name="one-package", source="raise RuntimeError", scorers={"loud": "it"}, endpoints={"mine": "it"})
    write(name="two-package", version="2.1", source="raise RuntimeError", scorers={"calm": "it"})
    found = installed(SCORERS, builtin=())
    assert {"loud", "calm"} <= set(found)
    assert (found["calm"].package, found["calm"].version) == ("two-package", "2.1")
    assert str(found["loud"]) == "the plugin 'loud' of one-package 1.0 (evalslo.scorers)"
    assert installed(ENDPOINTS, builtin=())["mine"].target == "one_package:it"


def test_an_unknown_kind_is_answered_with_the_kinds_of_packages_too(write):
    write(name="one-package", source="", endpoints={"mine": "it"})
    with pytest.raises(UsageError, match=r"unknown kind 'mein'; known: http, openai, python, recorded, .*mine"):
        open_kind("mein")


def test_only_the_kind_that_is_named_is_imported(write):
    write(name="one-package", source="raise RuntimeError('broken')", endpoints={"broken": "it"})
    write(name="two-package", source="def it(options, **_): raise ValueError('here')", endpoints={"sound": "it"})
    with pytest.raises(UsageError, match=r"'sound' of two-package 1.0 .*: ValueError: here"):
        open_kind("sound")
    with pytest.raises(UsageError, match=r"'broken' of one-package 1.0 .*: RuntimeError: broken"):
        open_kind("broken")


@pytest.mark.parametrize(("group", "builtin"), [("scorers", "overlap"), ("endpoints", "openai")])
def test_a_name_of_evalslo_s_own_is_taken(write, group, builtin):
    write(name="one-package", source="", **{group: {builtin: "it"}})
    with pytest.raises(UsageError) as raised:
        installed(f"evalslo.{group}", builtin=[builtin])
    assert str(raised.value) == (
        f"the plugin '{builtin}' of one-package 1.0 (evalslo.{group}): evalslo has that name itself; "
        "rename one of them, or uninstall a package"
    )


def test_a_name_that_two_packages_have_is_taken(write):
    for name in ("one-package", "two-package"):
        write(name=name, source="", endpoints={"mine": "it"})
    with pytest.raises(
        UsageError, match=r"'mine' of two-package 1.0 .*: one-package 1.0 has one of that name too; rename"
    ):
        open_kind("mine")


def test_a_package_that_says_nothing_of_itself_is_told_so(write):
    folder = write(name="one-package", source="", scorers={"loud": "it"})
    (folder / "one_package-1.0.dist-info" / "METADATA").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="the plugin 'loud' of a package without a name"):
        installed(SCORERS, builtin=["loud"])
