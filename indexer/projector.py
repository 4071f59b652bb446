"""Decoded events become mirror rows. Pure: the mirrored comes in, what to write goes out.

Everything is checked on the way. A ProjectionError means that the events cannot be what our
contracts emitted, so that either the node left logs out or something is badly wrong; nothing of
the projection is to be written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backend.ledger.mirror_tables import NoteKind
from indexer import words as fold
from indexer.errors import ProjectionError
from indexer.events import BatchApplied, Event, Note, ProgramCreated, RulesSet, Transfer
from indexer.program import Holder, ProgramFold, Rules, Supply


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What `project` goes on from: every known program, and the words of the members that
    `holders_of` names; who has none was never seen."""

    supplies: Mapping[str, Supply]
    rules: Mapping[str, Rules]
    words: Mapping[Holder, int]


@dataclass(slots=True)
class Projection:
    """Rows to add, and the new values of the sums and words that changed."""

    programs: list[tuple[ProgramCreated, Rules]] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    batches: list[BatchApplied] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    supplies: dict[str, Supply] = field(default_factory=dict)
    words: dict[Holder, int] = field(default_factory=dict)
    before: Mapping[Holder, int] = field(default_factory=dict)
    """The words that were there; those of `words` that it lacks are new."""


def holders_of(events: Iterable[Event]) -> dict[str, set[str]]:
    """The members, per program, whose words `project` has to know."""
    holders: dict[str, set[str]] = {}
    for event in events:
        if type(event) is Transfer or type(event) is Note:
            members = holders.get(event.program)
            if members is None:
                members = holders[event.program] = set()
            members.add(event.member)
            if type(event) is Note and event.kind == NoteKind.REBOUND and event.other:
                members.add(event.other)
    return holders


def project(events: Iterable[Event], mirrored: Mirrored, times_s: Mapping[int, int]) -> Projection:
    """What `events`, in chain order and of whole blocks, add to the mirror.

    `times_s` has the time of every block that holds one of them. Raises ProjectionError.
    """
    projection = Projection(before=mirrored.words)
    known = _Known(mirrored)
    notes = _Notes(projection, mirrored.words)
    changed, words, transfers = projection.words, mirrored.words, projection.transfers
    program = _NO_PROGRAM
    for event in events:
        if isinstance(event, Transfer):
            block, _, address, member, _, tx_hash = event
            if program.address != address:
                program = known.program(event)
            if program.tx_hash != tx_hash:
                program.enter(tx_hash, block, times_s[block])
            holder = (address, member)
            word = changed.get(holder)
            if word is None:
                word = words.get(holder, 0)
            changed[holder] = program.moved(event, word)
            transfers.append(event)
        elif isinstance(event, Note):
            program = known.program(event)
            program.enter(event.tx_hash, event.block_number, times_s[event.block_number])
            notes.apply(program, event)
        elif isinstance(event, BatchApplied):
            program = known.program(event)
            program.enter(event.tx_hash, event.block_number, times_s[event.block_number])
            program.batch(event)
            projection.batches.append(event)
        else:
            known.create(event, projection)
    known.close(projection)
    return projection


class _Known:
    """The programs that events may speak of."""

    def __init__(self, mirrored: Mirrored) -> None:
        self._mirrored = mirrored
        self._folds: dict[str, ProgramFold] = {}
        self._created: ProgramCreated | None = None

    def program(self, event: Transfer | BatchApplied | Note) -> ProgramFold:
        found = self._folds.get(event.program)
        if found is not None:
            return found
        supply = self._mirrored.supplies.get(event.program)
        rules = self._mirrored.rules.get(event.program)
        if supply is None or rules is None:
            raise ProjectionError(
                f"program {event.program} in block {event.block_number}: "
                "no factory of ours made this program"
            )
        found = self._folds[event.program] = ProgramFold(event.program, rules, supply)
        return found

    def create(self, event: ProgramCreated | RulesSet, projection: Projection) -> None:
        """A program comes in two events, one right after the other."""
        if isinstance(event, ProgramCreated):
            self._no_rules_missing()
            if event.address in self._folds or event.address in self._mirrored.supplies:
                raise ProjectionError(f"program {event.address} was created twice")
            self._created = event
            return
        created, self._created = self._created, None
        if created is None or created.address != event.address:
            raise ProjectionError(f"rules of program {event.address}, which was not created")
        rules = Rules(event.calendar, event.signed_only, event.notice_days)
        projection.programs.append((created, rules))
        fold_of_it = ProgramFold(event.address, rules, Supply())
        fold_of_it.changed = True
        self._folds[event.address] = fold_of_it

    def close(self, projection: Projection) -> None:
        self._no_rules_missing()
        for address, program in self._folds.items():
            program.leave()
            if program.changed:
                projection.supplies[address] = program.supply

    def _no_rules_missing(self) -> None:
        if self._created is not None:
            raise ProjectionError(f"program {self._created.address} was created without rules")


class _Notes:
    """What the events about one member do to words; each says what the Transfers before it left
    open."""

    def __init__(self, projection: Projection, before: Mapping[Holder, int]) -> None:
        self._projection = projection
        self._words = projection.words
        self._before = before

    def apply(self, program: ProgramFold, note: Note) -> None:
        """Raises ProjectionError when the note does not go with what is before it."""
        try:
            self._apply(program, note)
        except ProjectionError as error:
            raise ProjectionError(
                f"program {note.program}: member {note.member}, log {note.log_index} of block "
                f"{note.block_number}: {error}"
            ) from error
        self._projection.notes.append(note)

    def _apply(self, program: ProgramFold, note: Note) -> None:
        holder = (note.program, note.member)
        word = self._word(holder)
        calendar, period = program.rules.calendar, program.period
        kind = note.kind
        if kind == NoteKind.LAPSED:
            self._require_transfer(note, 1, -note.points)
            program.lapse_noted(note)
        elif kind == NoteKind.RESTORED:
            self._require_transfer(note, 1, note.points)
            self._words[holder] = fold.restored(word, note.points, note.number, calendar)
        elif kind == NoteKind.REDEEMED:
            self._require_transfer(note, 1, -note.points)
            self._words[holder] = word + fold.ONE_NONCE
            program.close_without_batch(note.points)
        elif kind == NoteKind.REBOUND:
            self._rebound(program, note)
        else:
            now = fold.touched(word, calendar, period)
            if kind == NoteKind.RETURN_SHORT:
                self._words[holder] = now.encode()
                return
            signed_only = kind == NoteKind.SIGNED_ONLY
            self._words[holder] = fold.with_signed_only(now, signed_only, note.number)
            program.close_without_batch(0)

    def _rebound(self, program: ProgramFold, note: Note) -> None:
        calendar, period = program.rules.calendar, program.period
        old, new = (note.program, note.member), (note.program, note.other or "")
        held, target = self._word(old), self._word(new)
        if note.points:
            self._require_transfer(note, 2, -note.points)
            self._require_transfer(note, 1, note.points, new[1])
            emptied = program.before_burn
            # What the mint before made of a word that was zero, and nothing else.
            if target != period << fold.PERIOD_SHIFT | note.points:
                raise ProjectionError(f"rebound to {new[1]}, which was used before")
            if fold.balance_of(held) or fold.balance_of(emptied) != note.points:
                raise ProjectionError(f"{note.points} points were not all there were to rebind")
            held = emptied
        elif target:
            raise ProjectionError(f"rebound to {new[1]}, which was used before")
        signed = program.rules.signed_only or held & fold.SIGNED_ONLY != 0
        emptied_word, moved = fold.touched(held, calendar, period).rebound()
        self._words[old] = emptied_word.encode() + (fold.ONE_NONCE if signed else 0)
        self._words[new] = moved.encode()

    def _require_transfer(
        self, note: Note, behind: int, points: int, member: str | None = None
    ) -> None:
        """The log `behind` places before must be this Transfer."""
        transfers = self._projection.transfers
        if len(transfers) >= behind:
            before = transfers[-behind]
            wanted = (note.block_number, note.log_index - behind, note.program)
            if before[:3] == wanted and before[3:5] == (member or note.member, points):
                return
        raise ProjectionError(f"{NoteKind(note.kind).name} without its Transfer of {points} points")

    def _word(self, holder: Holder) -> int:
        word = self._words.get(holder)
        return self._before.get(holder, 0) if word is None else word


_NO_PROGRAM = ProgramFold.nobody()
