"""Sharing whole points out over lines, so that the shares add up exactly."""

from __future__ import annotations

from collections.abc import Sequence


def largest_remainder(points: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`points` in proportion to `weights` (whole, not negative), in whole points.

    Each share is rounded down; what is left goes one by one to the largest remainders, ties to
    the line that comes first. The shares add up to `points`. Weights that are all zero share
    nothing out, and the answer is empty.
    """
    total = sum(weights)
    if not total:
        return ()
    shares = [points * weight // total for weight in weights]
    left = points - sum(shares)
    if left:
        order = sorted(
            range(len(weights)), key=lambda index: (-(points * weights[index] % total), index)
        )
        for index in order[:left]:
            shares[index] += 1
    return tuple(shares)
