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
    if total in weights:
        # One line has all the weight: the usual case of a rule about one product.
        return tuple([points if weight else 0 for weight in weights])
    shares: list[int] = []
    rests: list[int] = []
    for weight in weights:
        share, rest = divmod(points * weight, total)
        shares.append(share)
        rests.append(rest)
    left = points - sum(shares)
    if left:
        # A sort in reverse keeps the order of equals, so ties go to the first.
        order = sorted(range(len(rests)), key=rests.__getitem__, reverse=True)
        for index in order[:left]:
            shares[index] += 1
    return tuple(shares)
