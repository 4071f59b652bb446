"""Decoded events become mirror rows. Pure: the mirrored comes in, what to write goes out.

Everything is checked on the way. A ProjectionError means that the events cannot be what our
contracts emitted, so that either the node left logs out or something is badly wrong; nothing of
the projection is to be written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from indexer.errors import ProjectionError
from indexer.events import BatchApplied, Event, ProgramCreated, Transfer

Holder = tuple[str, str]
"""Program and member."""


@dataclass(frozen=True, slots=True)
class Supply:
    """A program's sums, in points, and the sequence number of its last batch (0 for none)."""

    minted_points: int = 0
    burned_points: int = 0
    last_seq: int = 0

    @property
    def total_points(self) -> int:
        """Points in circulation."""
        return self.minted_points - self.burned_points


@dataclass(slots=True)
class Projection:
    """Rows to add, and the new values of the sums that changed."""

    programs: list[ProgramCreated] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    batches: list[BatchApplied] = field(default_factory=list)
    supplies: dict[str, Supply] = field(default_factory=dict)
    balances: dict[Holder, int] = field(default_factory=dict)


@dataclass(slots=True)
class _OpenBatch:
    """The transfers of a program since its last batch event."""

    tx_hash: bytes
    count: int = 0
    minted_points: int = 0
    burned_points: int = 0


def holders_of(events: Iterable[Event]) -> dict[str, set[str]]:
    """The members, per program, whose balances `project` has to know."""
    holders: dict[str, set[str]] = {}
    for event in events:
        if type(event) is Transfer:
            members = holders.get(event.program)
            if members is None:
                members = holders[event.program] = set()
            members.add(event.member)
    return holders


def project(
    events: Iterable[Event], supplies: Mapping[str, Supply], balances: Mapping[Holder, int]
) -> Projection:
    """What `events`, in chain order and of whole blocks, add to the mirror.

    `supplies` has every known program; a holder that `balances` lacks holds nothing. Raises
    ProjectionError.
    """
    projection = Projection()
    known = dict(supplies)
    open_batches: dict[str, _OpenBatch] = {}
    for event in events:
        if isinstance(event, Transfer):
            _transfer(event, projection, balances, open_batches)
        elif isinstance(event, BatchApplied):
            _batch(event, projection, known, open_batches.pop(event.program, None))
        else:
            _program(event, projection, known)
    for program, open_batch in open_batches.items():
        raise ProjectionError(
            f"program {program}: {open_batch.count} transfers of transaction "
            f"0x{open_batch.tx_hash.hex()} belong to no batch"
        )
    return projection


def _transfer(
    event: Transfer,
    projection: Projection,
    balances: Mapping[Holder, int],
    open_batches: dict[str, _OpenBatch],
) -> None:
    _, _, program, member, points, tx_hash = event
    open_batch = open_batches.get(program)
    if open_batch is None:
        open_batch = open_batches[program] = _OpenBatch(tx_hash)
    elif open_batch.tx_hash != tx_hash:
        raise ProjectionError(
            f"program {program}: {open_batch.count} transfers of transaction "
            f"0x{open_batch.tx_hash.hex()} belong to no batch"
        )
    open_batch.count += 1
    if points > 0:
        open_batch.minted_points += points
    else:
        open_batch.burned_points -= points
    holder = (program, member)
    balance = projection.balances.get(holder)
    if balance is None:
        balance = balances.get(holder, 0)
    balance += points
    if balance < 0:
        raise ProjectionError(
            f"program {program}: member {member} would hold {balance} points after log "
            f"{event.log_index} of block {event.block_number}"
        )
    projection.balances[holder] = balance
    projection.transfers.append(event)


def _batch(
    event: BatchApplied,
    projection: Projection,
    known: dict[str, Supply],
    open_batch: _OpenBatch | None,
) -> None:
    where = f"program {event.program}: batch {event.seq} in block {event.block_number}"
    supply = known.get(event.program)
    if supply is None:
        raise ProjectionError(f"{where}: no factory of ours made this program")
    if event.seq != supply.last_seq + 1:
        raise ProjectionError(f"{where} does not follow batch {supply.last_seq}")
    seen = open_batch or _OpenBatch(event.tx_hash)
    if seen.tx_hash != event.tx_hash:
        raise ProjectionError(f"{where}: its transfers come from another transaction")
    if seen.minted_points != event.minted_points:
        raise ProjectionError(
            f"{where} minted {event.minted_points} points, its transfers {seen.minted_points}"
        )
    if seen.burned_points != event.burned_points:
        raise ProjectionError(
            f"{where} burned {event.burned_points} points, its transfers {seen.burned_points}"
        )
    supply = Supply(
        supply.minted_points + event.minted_points,
        supply.burned_points + event.burned_points,
        event.seq,
    )
    known[event.program] = projection.supplies[event.program] = supply
    projection.batches.append(event)


def _program(event: ProgramCreated, projection: Projection, known: dict[str, Supply]) -> None:
    if event.address in known:
        raise ProjectionError(f"program {event.address} was created twice")
    known[event.address] = projection.supplies[event.address] = Supply()
    projection.programs.append(event)
