"""Annotations that programs can read: `typing.get_type_hints` works for all that is public."""

import importlib
import inspect
import pkgutil
import typing

import pytest

import kyphometer

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(kyphometer.__path__, "kyphometer.")
    if "migrations" not in module.name and not module.name.endswith("__main__")
)


def public_objects(module):
    """Public functions and classes of a module, and the public methods of its classes."""
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            yield value
            yield from (
                method
                for key, method in vars(value).items()
                if inspect.isfunction(method) and not key.startswith("_")
            )
        elif inspect.isfunction(value):
            yield value


@pytest.mark.parametrize("name", MODULES)
def test_every_public_annotation_resolves(name):
    for value in public_objects(importlib.import_module(name)):
        typing.get_type_hints(value)


def test_the_walk_finds_functions_methods_and_dataclasses():
    from kyphometer.reading import model

    found = {value.__qualname__ for value in public_objects(model)}
    assert {"Reading", "Landmark", "Vertebra.endplate"} <= found
