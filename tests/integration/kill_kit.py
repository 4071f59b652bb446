"""Kills in this process: settlers that end at a point as if by SIGKILL, and what follows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.front_kit import Front

Killing = Callable[[Callable[..., Any]], Callable[..., Any]]


class KilledError(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


def before(_: Callable[..., Any]) -> Callable[..., Any]:
    """Dies instead of the call."""

    def killed(*args: Any, **kwargs: Any) -> Any:
        raise KilledError

    return killed


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    """Dies right after the call."""

    def killed(*args: Any, **kwargs: Any) -> Any:
        function(*args, **kwargs)
        raise KilledError

    return killed


def settle_despite_kills(
    front: Front, where: Any, name: str, when: Killing, done: Callable[[], bool]
) -> int:
    """Steps new settlers until it is `done`: two that die at the point, then one that does not.

    Answers how many died; whether it was done in the end is for the caller to assert.
    """
    kills = 0
    for number in range(40):
        with pytest.MonkeyPatch.context() as patch:
            if number % 3 < 2:
                patch.setattr(where, name, when(getattr(where, name)))
            try:
                front.desk.new_settler().step()
            except KilledError:
                kills += 1
        front.desk.node.mine(4)
        front.desk.now_ms += 1000
        if done():
            break
    return kills
