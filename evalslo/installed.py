"""What other packages bring: scorers and kinds of endpoints, found by their entry points.

Nobody asks here before a suite has named something that is not built in: reading what every installed package says of itself
takes longer than a whole `evalslo --help`.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from evalslo.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Group = Literal["evalslo.scorers", "evalslo.endpoints"]
SCORERS: Group = "evalslo.scorers"
ENDPOINTS: Group = "evalslo.endpoints"

_LONGEST_REASON = 300


class Plugin(Struct, frozen=True, kw_only=True):
    """One entry point of an installed package. `target` is `module:object`; nothing of it is imported yet."""

    group: Group
    name: str
    target: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"the plugin {self.name!r} of {self.package} {self.version} ({self.group})"

    def refusal(self, problem: str, *, mend: str = "mend it, or uninstall the package") -> UsageError:
        """The error that says what is wrong with it, to be raised."""
        return UsageError(f"{self}: {problem}; {mend}")


def installed(group: Group, *, builtin: Collection[str]) -> dict[str, Plugin]:
    """The plugins of a group by name. Raises UsageError where two have one name, or one has the name of a built-in."""
    found: dict[str, Plugin] = {}
    for plugin in _plugins(group):
        mend = "rename one of them, or uninstall a package"
        if plugin.name in builtin:
            raise plugin.refusal("evalslo has that name itself", mend=mend)
        if plugin.name in found:
            other = found[plugin.name]
            raise plugin.refusal(f"{other.package} {other.version} has one of that name too", mend=mend)
        found[plugin.name] = plugin
    return found


def load(plugin: Plugin) -> object:
    """The object that the plugin's package registered. Raises UsageError where it cannot be imported."""
    from importlib.metadata import EntryPoint

    try:
        registered: object = EntryPoint(name=plugin.name, value=plugin.target, group=plugin.group).load()
    except (Exception, SystemExit) as error:  # a stranger's module may fail with anything
        raise plugin.refusal(f"importing {plugin.target} failed: {told(error)}") from error
    return registered


def told(error: BaseException) -> str:
    """The type of a stranger's exception and what it says, in one bounded line."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # it may not even print
        said = "its message cannot be read"
    return f"{type(error).__name__}: {said}"[:_LONGEST_REASON] if said else type(error).__name__


def _plugins(group: Group) -> list[Plugin]:
    """In the order of their names and packages, which is that of no file system."""
    from importlib.metadata import entry_points

    found = [_plugin(entry, group) for entry in entry_points(group=group)]
    return sorted(found, key=lambda one: (one.name, one.package))


def _plugin(entry: "EntryPoint", group: Group) -> Plugin:
    package, version = (entry.dist.name, entry.dist.version) if entry.dist else (None, None)
    return Plugin(
        group=group,
        name=entry.name,
        target=entry.value,
        package=package or "a package without a name",
        version=version or "without a version",
    )
