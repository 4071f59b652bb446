"""Customers at the tills: requests with idempotency keys, retried until they are answered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine

from backend.core.errors import MereauError
from backend.ledger.group_commit import (
    Answer,
    Claim,
    Command,
    GroupCommitter,
    LedgerUnavailable,
    Outcome,
)
from backend.ledger.vault import Vault
from tests.sim.auditor import Auditor
from tests.sim.books import Books
from tests.sim.books import Outcome as Said
from tests.sim.stage import Killed, Stage

Judge = Callable[[Books, Said, int], None]


@dataclass
class Request:
    """What a client asks, under a key of its own; `judge` is what the books make of the answer."""

    key: str
    says: dict[str, Any]
    build: Callable[[Claim], Command]
    judge: Judge
    answer: bytes | None = None

    @property
    def fingerprint(self) -> str:
        return sha256(json.dumps(self.says, sort_keys=True).encode()).hexdigest()


@dataclass
class Till:
    """One API process, as far as it writes: the real group commit over the real services."""

    engine: Engine
    vault: Vault
    merchant_id: str
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    entropy: Callable[[int], bytes]
    stage: Stage
    books: Books
    auditor: Auditor
    served: list[Request] = field(default_factory=list)
    unanswered: list[Request] = field(default_factory=list)
    answers: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    refusals: int = 0

    def ask(self, requests: Sequence[Request]) -> None:
        """Sends a group of requests that arrive together, and holds the answers to the books."""
        self.auditor.note_parked()
        try:
            outcomes = self._execute(requests)
        except Killed:
            outcomes = [LedgerUnavailable("the process was killed")] * len(requests)
        for request, outcome in self._in_order(requests, outcomes):
            if not isinstance(outcome, LedgerUnavailable):
                self._judge(request, outcome)
            elif request.answer is None:
                if request not in self.unanswered:
                    self.unanswered.append(request)
                if request.key in self.auditor.stored_keys():
                    self._look_up(request)

    def _in_order(
        self, requests: Sequence[Request], outcomes: Sequence[Outcome]
    ) -> list[tuple[Request, Outcome]]:
        """In the order in which they were decided.

        That is how they stand, unless a group was committed and the answer of the database lost:
        then they were asked again one by one, and what had been served was replayed.
        """
        asked = list(zip(requests, outcomes, strict=True))
        replayed = {r.key for r, o in asked if isinstance(o, Answer) and o.replayed}
        if not replayed:
            return asked
        stored = self.auditor.stored_keys()
        newest = max(stored[key] for key in replayed)

        def place(pair: tuple[Request, Outcome]) -> tuple[bool, int]:
            number = stored.get(pair[0].key, newest + 1)
            return (number > newest, number if number <= newest else 0)

        return sorted(asked, key=place)

    def _execute(self, requests: Sequence[Request]) -> list[Outcome]:
        """What is refused before it is decided never reaches the committer."""
        outcomes: dict[int, Outcome] = {}
        commands: dict[int, Command] = {}
        for place, request in enumerate(requests):
            try:
                commands[place] = request.build(self._claim(request))
            except (MereauError, LedgerUnavailable) as refusal:
                outcomes[place] = refusal
        committer = GroupCommitter(self.engine, self.vault, self.now_ms, self.new_id)
        decided = committer.execute(list(commands.values())) if commands else []
        outcomes |= zip(commands, decided, strict=True)
        return [outcomes[place] for place in range(len(requests))]

    def ask_wrongly(self, request: Request, other: Request) -> None:
        """The key of a served request with another request's body: it must be refused."""
        committer = GroupCommitter(self.engine, self.vault, self.now_ms, self.new_id)
        claim = Claim(self.merchant_id, request.key, f"{other.fingerprint}/other")
        try:
            (outcome,) = committer.execute([other.build(claim)])
        except (Killed, LedgerUnavailable):
            return
        if not isinstance(outcome, LedgerUnavailable):
            assert isinstance(outcome, MereauError), outcome
            assert outcome.code == "idempotency_key_reused", outcome

    def _look_up(self, request: Request) -> None:
        """The client knows nothing, but the auditor must know what the ledger did."""
        calm, self.stage.calm = self.stage.calm, True
        (outcome,) = self._execute([request])
        self.stage.calm = calm
        assert isinstance(outcome, Answer)
        assert outcome.replayed
        self._first_answer(request, outcome)

    def _judge(self, request: Request, outcome: Outcome) -> None:
        if request in self.unanswered:
            self.unanswered.remove(request)
        if isinstance(outcome, Answer):
            if request.answer is not None:
                assert outcome.replayed, f"{request.says} had its effect a second time"
                assert outcome.body == request.answer, f"another answer to {request.says}"
                return
            self._first_answer(request, outcome)
            return
        assert isinstance(outcome, MereauError), f"{request.says}: {outcome!r}"
        assert request.answer is None, f"{request.says} was served, and then {outcome!r}"
        self.stage.trace.note(f"{request.key} {request.says} refused: {outcome.code}")
        request.judge(self.books, outcome.code, self.now_ms())
        self.refusals += 1

    def _first_answer(self, request: Request, outcome: Answer) -> None:
        said = json.loads(outcome.body)
        self.stage.trace.note(f"{request.key} {request.says}: {said}")
        request.judge(self.books, said, self.now_ms())
        request.answer = outcome.body
        self.served.append(request)
        signed = " with a signature" if request.says.get("signed", "0x") != "0x" else ""
        self.asked[f"{next(iter(request.says))}{signed}"] += 1
        self.answers += 1

    def _claim(self, request: Request) -> Claim:
        return Claim(self.merchant_id, request.key, request.fingerprint)


def about(member: Any, **facts: int | str) -> bytes:
    shown = {"available": member.available_points, "held": member.held_points}
    return body(member=member.id, **shown, **facts)


def body(**facts: int | str) -> bytes:
    return json.dumps(facts).encode()
