"""May a study that has begun go on under an edited spec?"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from study.before import BEFORE
from study.spec.model import MODEL, Task
from study.spec.network_options import has_option
from study.words import setting

__all__ = ["changes"]

COMPARED_BY_PART = frozenset(
    {"methods", "tasks", "imratios", "space", "search", "confirm", "profile"}
)
FREE = COMPARED_BY_PART | {
    "resources",
    "execution",
    "data_root",
    "download",
    "directory",
    "storage",
    "metrics",
    "equivalence",
    "diagnostics",
}
FREE_IN_SEARCH = frozenset({"trials", "random_trials", "repeats", "warm_start"})


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What in ``new`` would mix results that do not compare with those of ``old``.

    A study may grow: more searches, search trials, confirm seeds of each search, methods, tasks,
    imratios, and values of its profile; resources, folders, random_trials and what the
    report shows may change, and execution, which changes no result but how far a budget of seconds
    reaches. Nothing may shrink, since rows that are already in the study would drop out of it, and
    everything else that shapes a result must stay.

    Args:
        old, new: resolved specs as plain data (``yaml.safe_load`` of what ``dump`` gives).

    Returns:
        One sentence a difference; empty if the study may go on.
    """
    return [
        *_top(old, new),
        *_execution(old, new),
        *_profile(old.get("profile"), new.get("profile")),
        *dict.fromkeys(_ratios(old, new)),
        *_listed(old, new),
        *_tasks(old, new),
        *_space(old, new),
        *_options(old, new),
    ]


def _top(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key, before in old.items():
        if key not in FREE | BEFORE.keys():
            yield from _differs(key, before, new.get(key))
    for key, before in BEFORE.items():
        yield from _differs(key, old.get(key, before), new.get(key, before))
    yield from _differs("storage", *map(_database, (old.get("storage"), new.get("storage"))))
    for key, before in old["search"].items():
        if key not in FREE_IN_SEARCH:
            yield from _differs(f"search.{key}", before, new["search"].get(key))
    warm_starts = [spec["search"].get("warm_start", False) for spec in (old, new)]
    yield from _differs("search.warm_start", *warm_starts)
    yield from _falls("search.trials", old["search"]["trials"], new["search"]["trials"])
    searches = [spec["search"].get("repeats", 1) for spec in (old, new)]
    yield from _falls("search.repeats", *searches)
    seeds = [spec["confirm"]["seeds"] for spec in (old, new)]
    if searches == [1, 1]:
        yield from _falls("confirm.seeds", *seeds)
    else:
        each = [every // repeats for every, repeats in zip(seeds, searches, strict=True)]
        yield from _falls("confirm.seeds / search.repeats", *each)


def _profile(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    if old is None:
        return
    if new is None:
        yield "profile was there and cannot leave the study."
        return
    for name, before in old["values"].items():
        now = new["values"].get(name, [])
        # A grid is known by its ends and points; one in a list's place may hold its values.
        gone = isinstance(before, list) and isinstance(now, list) and set(before) - set(now)
        if gone:
            yield f"profile.values.{name} held {setting(min(gone))}, which cannot leave the study."
        elif not isinstance(before, list) or not isinstance(now, list):
            yield from _differs(f"profile.values.{name}", before, now or "not moved")
    yield from _falls("profile.seeds", old["seeds"], new["seeds"])
    yield from _differs("profile.test", old["test"], new["test"])


def _falls(what: str, before: int, now: int) -> Iterator[str]:
    if now < before:
        yield f"{what} was {before} and cannot fall to {now}."


def _execution(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """A faster step makes more of a budget of seconds; on the CPU every execution is eager."""
    timed = any(task.get("budget") == "seconds" for task in old["tasks"])
    if timed and new["resources"]["gpus"] > 0:
        # Studies that do not say were begun before there was another.
        yield from _differs("execution", old.get("execution", "eager"), new.get("execution"))


def _database(url: str | None) -> str | None:
    """Where the ledger is; how its password is found may change."""
    from study.database_url import absolute, without_password

    return None if url is None else without_password(absolute(url, Path.cwd()))


def _listed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    methods = {_name(entry): entry for entry in new["methods"]}
    for entry in old["methods"]:
        if (name := _name(entry)) not in methods:
            yield f"methods held {name}, which cannot leave the study."
        else:
            yield from _differs(f"method {name}", entry, methods[name])


def _ratios(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """A task has its own ratios, or the study's."""
    tasks = {task["name"]: task.get("imratios") for task in new["tasks"]}
    for task in old["tasks"]:
        own = task.get("imratios"), tasks.get(task["name"])
        what = f"imratios of task {task['name']}" if any(own) else "imratios"
        now = own[1] or new["imratios"]
        for entry in own[0] or old["imratios"]:
            if entry not in now:
                yield f"{what} held {setting(entry)}, which cannot leave the study."


def _name(method: str | Mapping[str, Any]) -> str:
    """What the study calls an entry of ``methods``."""
    return method if isinstance(method, str) else method["name"]


def _tasks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    tasks = {task["name"]: task for task in new["tasks"]}
    for task in old["tasks"]:
        name = task["name"]
        if name not in tasks:
            yield f"tasks held {name}, which cannot leave the study."
            continue
        # A version without long tails had none.
        for key, before in {"long_tail": None, **task}.items():
            if key != "imratios":
                yield from _differs(f"{key} of task {name}", before, tasks[name].get(key))


def _space(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    now_there = {*map(_name, new["methods"])}
    for method in map(_name, old["methods"]):
        if method not in now_there:
            continue
        before, now = old["space"].get(method, {}), new["space"].get(method, {})
        for name in [*before, *(name for name in now if name not in before)]:
            unset = "not searched"
            yield from _differs(
                f"space.{method}.{name}", before.get(name, unset), now.get(name, unset)
            )


def _options(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Options of networks; those that only joining tasks have are free."""
    before, now = (spec["space"].get(MODEL, {}) for spec in (old, new))
    networks = [Task.model_validate(task).model for task in old["tasks"]]
    for name in {**before, **now}:
        if any(has_option(network, name) for network in networks):
            was, is_now = before.get(name, "not set"), now.get(name, "not set")
            yield from _differs(f"space.{MODEL}.{name}", was, is_now)


def _differs(what: str, before: Any, now: Any) -> Iterator[str]:
    if before != now:
        yield f"{what} was {setting(before)} and is now {setting(now)}."
