"""Reading an experiment: YAML files, dotted options, and errors in one line."""

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml
from jsonargparse import (
    ArgumentError,
    ArgumentParser,
    DefaultHelpFormatter,
    Namespace,
    get_loader,
    set_loader,
)

from tgan.config import Config, validate
from tgan.lookup import did_you_mean

_CODE_KEY = "class_path"
_LOAD_YAML = get_loader("yaml")


class _Formatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help with defaults, and with examples kept as they are laid out."""


def experiment_parser(prog: str, description: str, epilog: str) -> ArgumentParser:
    """A parser of `--config FILE`, of every setting as a dotted option, and of what is added."""
    set_loader("plain", _load_plain, (yaml.YAMLError,))
    parser = ArgumentParser(
        prog=prog,
        description=description,
        epilog=epilog,
        exit_on_error=False,
        allow_abbrev=False,
        parser_mode="plain",
        formatter_class=_Formatter,
    )
    parser.add_argument("--config", action="config", help="YAML file of settings; can be repeated")
    parser.add_class_arguments(Config, as_group=False)
    return parser


def read_experiment(parser: ArgumentParser, argv: Sequence[str]) -> tuple[Config, Namespace]:
    """The validated configuration, and all arguments.

    Raises:
        ValueError: an unknown setting, a value of the wrong type or out of range; one line.
    """
    if any(_CODE_KEY in argument for argument in argv):
        raise _code_named()
    return _parse(parser, lambda: parser.parse_args(list(argv)))


def parse_config(text: str) -> Config:
    """The validated configuration that a YAML text describes.

    Raises:
        ValueError: as `read_experiment`.
    """
    parser = experiment_parser("configuration", "", "")
    return _parse(parser, lambda: parser.parse_string(text))[0]


def _parse(parser: ArgumentParser, parse: Callable[[], Namespace]) -> tuple[Config, Namespace]:
    try:
        namespace = parse()
        settings = parser.instantiate(namespace)
    except ArgumentError as error:
        raise ValueError(_explain(str(error))) from None
    config = Config(**{f.name: settings[f.name] for f in fields(Config)})
    validate(config)
    return config, namespace


def _load_plain(text: str) -> Any:
    """YAML without the key by which jsonargparse would import a class of any module."""
    value = _LOAD_YAML(text)
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            if _CODE_KEY in part:
                raise _code_named()
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return value


def _code_named() -> ValueError:
    return ValueError(f"'{_CODE_KEY}' is not a setting: a configuration cannot name code")


def _explain(message: str) -> str:
    """The parser's message in one line that names the setting and what it could have been."""
    message = " ".join(message.split())
    known = _settings(Config)
    if match := re.search(r"Group '([\w.]+)' does not accept option '([\w.]+)'", message):
        return _unknown(".".join(match.groups()), known)
    if match := re.search(r"unrecognized arguments: --([\w.-]+)", message):
        return _unknown(match[1], known)
    if match := re.search(r'Parser key "([\w.]+)":? .*Got value: (.*)', message):
        name, value = match.groups()
        if name in known:
            return f"{name}: '{value}' is not {_describe(known[name], value)}"
    return message


def _unknown(name: str, known: dict[str, Any]) -> str:
    near = did_you_mean(name, known)
    group = name.rpartition(".")[0]
    choices = [other for other in known if other.startswith(f"{group}.")] if group else []
    return f"unknown setting '{name}'{near}" + (f"; there are {', '.join(choices)}" * bool(choices))


def _describe(kind: Any, value: str) -> str:
    """A type in words: its choices where it has some, else its name."""
    if get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        return f"one of {', '.join(choices)}{did_you_mean(value, choices)}"
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)


def _settings(group: type, prefix: str = "") -> dict[str, Any]:
    """Dotted names of all settings, and their types."""
    settings: dict[str, Any] = {}
    for name, kind in get_type_hints(group).items():
        nested = (
            _settings(kind, f"{prefix}{name}.") if is_dataclass(kind) else {prefix + name: kind}
        )
        settings |= nested
    return settings
