"""Reading an experiment: YAML files, dotted options, and errors in one line.

YAML is read here, safely, and checked against the settings' names before jsonargparse sees any of
it, as dotted options with plain values: so a configuration cannot name code, by whatever spelling.
"""

import argparse
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from reprlib import repr as short_repr
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import yaml
from jsonargparse import ArgumentError, ArgumentParser, DefaultHelpFormatter, Namespace

from tgan.config import Config
from tgan.config.text import join_pairs, unveil, veil, veil_start
from tgan.config.validation import validate
from tgan.lookup import did_you_mean
from tgan.system.files import at_home

# Names that settings had before, for a release.
RENAMED = {"given": "data.input", "train.reconstruction": "train.l1_weight"}
# Characters of a configuration; those with thousands of classes are shorter.
MAX_TEXT = 2**18
# What was a setting, and why it is none any more.
RETIRED = {"data.labels": "class names are read from the data"}


class _Formatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help with defaults, and with examples kept as they are laid out."""


def experiment_parser(prog: str, description: str, examples: str) -> ArgumentParser:
    """A parser of `--config FILE`, of every setting as a dotted option, and of what is added.

    Examples come before the options, of which there are pages; the usage does not list them.
    """
    parser = ArgumentParser(
        prog=prog,
        usage=f"{prog} --config FILE [--SETTING VALUE ...] [OPTIONS]",
        description=f"{description}\n\n{examples}",
        exit_on_error=False,
        allow_abbrev=False,
        formatter_class=_Formatter,
    )
    parser.add_argument("--config", help="YAML file of settings; can be repeated")
    parser.add_class_arguments(Config, as_group=False)
    return parser


def read_experiment(
    parser: ArgumentParser, argv: Sequence[str], *, base: Config | None = None
) -> tuple[Config, Namespace]:
    """The validated configuration, and all arguments.

    Files and options count in their order: what comes later wins.

    Args:
        base: what holds where nothing else is said; the defaults if None.

    Raises:
        ValueError: an unknown setting, a value of the wrong type or out of range; one line.
    """
    options = [] if base is None else _options(dump_config(base), "the configuration")
    options += _current(_expand_files(argv), warns=True)
    return _parse(parser, options)


def parse_config(text: str, *, source: str = "configuration") -> Config:
    """The validated configuration that a YAML text describes.

    Args:
        source: what to call the text in errors.

    Raises:
        ValueError: as `read_experiment`.
    """
    return _parse(_plain_parser(), list(_current(_options(text, source), warns=False)))[0]


def make_config(
    base: Config | str | Path | None = None, settings: Mapping[str, Any] | None = None
) -> Config:
    """The validated configuration of a base with some settings changed.

    Example:
        >>> make_config(None, {"train.steps": 500}).train.steps
        500

    Args:
        base: a configuration, the path of a YAML file, or None for the defaults.
        settings: values by dotted name.

    Raises:
        ValueError: as `read_experiment`, or a file that cannot be read.
    """
    options: list[str] = []
    if isinstance(base, Config):
        options += _options(dump_config(base), "the configuration")
    elif base is not None:
        options += _options(_read_file(base), str(base))
    known = _settings(Config)
    for name, value in (settings or {}).items():
        if name not in {**known, **RENAMED, **RETIRED}:
            raise ValueError(_unknown(name, known))
        value = list(value) if isinstance(value, tuple) else value
        options.append(f"--{name}={_as_text(name, value, 'settings')}")
    return _parse(_plain_parser(), list(_current(options, warns=True)))[0]


def dump_config(config: Config) -> str:
    """The whole configuration as YAML that `--config` reads."""
    settings = asdict(config)
    for optimizer in ("generator_optimizer", "critic_optimizer"):
        settings[optimizer]["betas"] = list(settings[optimizer]["betas"])
    return yaml.safe_dump(settings, sort_keys=False)


def flat_settings(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as one table with dotted names."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= flat_settings(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


class Change(NamedTuple):
    """A setting that has another value; as text, `train.steps was 5 and is 6`."""

    name: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.name} was {self.before!r:.80} and is {self.now!r:.80}"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The settings that differ.

    Settings may be nested; a name is dotted then. One that is missing counts as None, and a tuple
    as the list of its items, as JSON has it.
    """
    before, now = (flat_settings(json.loads(json.dumps(each))) for each in (old, new))
    names = dict.fromkeys([*before, *now])
    found = [Change(name, before.get(name), now.get(name)) for name in names]
    return [change for change in found if change.before != change.now]


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The texts of `changes`; [] for none.

    Example:
        >>> differences({"critic": {"width": 4}}, {"critic": {"width": 8}})
        ['critic.width was 4 and is 8']
    """
    return [str(change) for change in changes(old, new)]


def _parse(parser: ArgumentParser, options: Sequence[str]) -> tuple[Config, Namespace]:
    plain = {name.lstrip("-") for name in parser._option_string_actions} - _groups(Config)
    known = {**dict.fromkeys(plain), **_settings(Config)}
    for option in options:
        name = option.partition("=")[0].removeprefix("--")
        if option.startswith("--") and name not in known:
            raise ValueError(unveil(_unknown(name, known)))
    try:
        namespace = parser.parse_args(options)
        for name, value in list(namespace.items()):
            namespace[name] = _unveiled(value)
        settings = parser.instantiate(namespace)
    except ArgumentError as error:
        raise ValueError(unveil(_explain(str(error), _own_options(parser)))) from None
    config = Config(**{f.name: settings[f.name] for f in fields(Config)})
    validate(config)
    return config, namespace


def _unveiled(value: Any) -> Any:
    """The value of a setting, a text or a list of such perhaps, with the characters it had."""
    if isinstance(value, list):
        return [_unveiled(item) for item in value]
    return unveil(value) if isinstance(value, str) else value


def _plain_parser() -> ArgumentParser:
    return experiment_parser("", "", "")


def _current(options: Iterable[str], *, warns: bool) -> Iterator[str]:
    """Options under the names that settings have now."""
    remaining = iter(options)
    for option in remaining:
        name, equals, value = option.partition("=")
        name = name.removeprefix("--") if option.startswith("--") else ""
        if warns and name in RENAMED:
            warnings.warn(f"'{name}' is '{RENAMED[name]}' now", stacklevel=3)
        if name in RETIRED:
            value = value if equals else next(remaining, "")
            if warns and value != "[]":
                warnings.warn(f"'{name}' is no setting any more: {RETIRED[name]}", stacklevel=3)
            continue
        yield f"--{RENAMED[name]}{equals}{value}" if name in RENAMED else option


def _expand_files(argv: Sequence[str]) -> Iterator[str]:
    """The arguments, veiled, with every `--config FILE` replaced by the settings in the file."""
    remaining = iter(argv)
    for argument in remaining:
        name, equals, path = argument.partition("=")
        if name != "--config":
            yield veil(argument)
            continue
        path = path if equals else next(remaining, "")
        yield from _options(_read_file(path), path)


def _read_file(path: str | Path) -> str:
    try:
        return Path(at_home(path)).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ValueError(f"the configuration '{path}' cannot be read: {reason}") from None


def _options(text: str, source: str) -> list[str]:
    """A YAML text as dotted options; an empty one has none."""
    try:
        if len(text) > MAX_TEXT:
            raise ValueError(f"{source} is longer than {MAX_TEXT:,} characters")
        settings = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{source} is not valid YAML: {reason}") from None
    except RecursionError:
        raise ValueError(f"{source} is nested too deep") from None
    return list(_flatten({} if settings is None else settings, source))


class _Loader(yaml.SafeLoader):
    """YAML of plain values, or JSON, in which no name stands twice: the first would not count."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        return join_pairs(super().construct_scalar(node))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        names: list[Any] = []
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in names:
                reason = f"'{name}' stands more than once"
                raise yaml.constructor.ConstructorError(None, None, reason, key.start_mark)
            names.append(name)
        return super().construct_mapping(node, deep)


def _flatten(settings: Any, source: str, prefix: str = "") -> Iterator[str]:
    if not isinstance(settings, dict):
        name = prefix.rstrip(".") or "a configuration"
        raise ValueError(
            f"{source}: {name} has to be a group of settings, not {short_repr(settings)}"
        )
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if name in _groups(Config):
            yield from _flatten(value, source, f"{name}.")
        elif name in {**(known := _settings(Config)), **RENAMED, **RETIRED}:
            yield f"--{name}={_as_text(name, value, source)}"
        else:
            raise ValueError(f"{source}: {_unknown(name, known)}")


def _as_text(name: str, value: Any, source: str) -> str:
    """A value of a file as it would be given on the command line, veiled."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | dict) for item in items):
        raise ValueError(f"{source}: {name} has to be a single value or a list of such")
    if isinstance(value, str | Path):
        # Where null is possible, `~` and `#1` would be it.
        hide = veil_start if _settings(Config).get(name) == str | None else veil
        return hide(str(value))
    return veil(json.dumps(value, default=str, ensure_ascii=False))


def _explain(message: str, options: dict[str, Any]) -> str:
    """The parser's message in one line that names the setting and what it could have been.

    Args:
        options: types of the options that are no settings.
    """
    message = " ".join(message.split())
    known = _settings(Config)
    if match := re.search(r'Parser key "([\w.]+)":? .*(?:Got|Given) value: (.*)', message):
        name, value = match.groups()
        if name in known:
            return f"{name}: '{value}' is not {_describe(known[name], value)}"
        if name in options:
            return f"--{name.replace('_', '-')} '{value}' is not {_describe(options[name], value)}"
    return message


def _own_options(parser: ArgumentParser) -> dict[str, Any]:
    """Types of the options that were added to those of the settings; None can only be left out."""
    kinds = {a.dest: getattr(a, "_typehint", None) or a.type for a in parser._actions}
    return {name: _without_none(kind) for name, kind in kinds.items() if kind is not None}


def _unknown(name: str, known: dict[str, Any]) -> str:
    if name in _groups(Config):
        members = [other for other in _settings(Config) if other.startswith(f"{name}.")]
        return f"'{name}' is a group of settings: {', '.join(members[:4])}, ..."
    group = name.rpartition(".")[0]
    choices = [other for other in known if other.startswith(f"{group}.")] if group else []
    listed = f"; there are {', '.join(choices)}" if choices else ""
    return f"unknown setting '{name}'{did_you_mean(name, [*known, *_groups(Config)])}{listed}"


# A type in words, several of it, and a list of such as a user writes it.
_WORDS = {
    int: ("a whole number", "whole numbers", "[14, 28]"),
    float: ("a number", "numbers", "[0.5, 0.9]"),
    bool: ("true or false", "true or false", "[true, false]"),
    str: ("a text", "names", '["0", "cat"]'),
}


def _describe(kind: Any, value: str) -> str:
    """A type in words: its choices where it has some, and an example of a list."""
    if type(None) in get_args(kind):
        return f"null or {_describe(_without_none(kind), value)}"
    if get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        return f"one of {', '.join(choices)}{did_you_mean(value, choices)}"
    if get_origin(kind) not in (list, tuple):
        return _WORDS[kind][0]
    members = get_args(kind)
    if get_origin(members[0]) is Literal:
        choices = list(get_args(members[0]))
        example = value if value in choices else choices[0]
        return f"a list of any of {', '.join(choices)}, such as [{example}]"
    _, several, example = _WORDS[members[0]]
    count = f"{len(members)} " if get_origin(kind) is tuple else ""
    return f"a list of {count}{several}, such as {example}"


def _without_none(kind: Any) -> Any:
    """The type of a value that may be None, where it is not."""
    if type(None) not in get_args(kind):
        return kind
    (kind,) = (other for other in get_args(kind) if other is not type(None))
    return kind


@cache
def _settings(group: type, prefix: str = "") -> dict[str, Any]:
    """Dotted names of all settings, and their types."""
    settings: dict[str, Any] = {}
    for name, kind in get_type_hints(group).items():
        if isinstance(kind, type) and is_dataclass(kind):
            settings |= _settings(kind, f"{prefix}{name}.")
        else:
            settings[prefix + name] = kind
    return settings


@cache
def _groups(config: type) -> set[str]:
    """Names of the groups of settings."""
    return {name for name, kind in get_type_hints(config).items() if is_dataclass(kind)}
