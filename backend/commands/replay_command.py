"""The replay as a person sees it: progress, settlement, a summary that can be checked."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import urllib3
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backend import wiring
from backend.commands.new_program import create_for_replay, detail_of
from backend.commands.purchase_file import PurchaseFile, days_to_yesterday, read_purchases
from backend.commands.reconcile import reconcile_now
from backend.commands.replay import Replay, ReplayCounts, ReplayError, Target
from backend.commands.running import read_ready
from backend.settings import Settings
from backend.settlement.reconcile import Reconciliation

_POLL_S = 0.5
_STUCK_S = 180.0
_AGREE_S = 30.0


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """What a replay did; points and purchases are the program's, seconds this run's."""

    program_id: str
    purchases_accepted: int
    members: int
    points_minted: int
    points_settled: int
    chain_supply: int | None
    mirror_sum: int
    reconciled: bool
    accept_seconds: float
    settle_seconds: float
    accepted_per_second: float
    settled_per_second: float
    differences: list[str]


def replay(
    settings: Settings, path: Path, program_id: str | None, console: Console, *, keep_dates: bool
) -> ReplaySummary:
    """Replays into the running system, waits until all of it is on chain and mirrored, and
    reconciles. Without `program_id` it makes a fresh program.

    Raises PurchaseFileError, NewProgramError or ReplayError.
    """
    file = read_purchases(path)
    ready = read_ready(settings.data)
    if ready is None:
        raise ReplayError(f"nothing is running on {settings.data}: start it with `make up` first")
    api_url, api_key = ready["api_url"], ready["api_key"]
    if program_id is None:
        program_id = create_for_replay(api_url, api_key, file.stem, file.currency)
        console.print(f"fresh program {program_id}; repeat with --program {program_id} to go on")
    target = Target(api_url, api_key, program_id)
    shift_days = 0 if keep_dates else days_to_yesterday(file, wiring.now_ms())
    started_s = time.monotonic()
    counts, accepted_s = _send(Replay(target, file, shift_days), file, console, started_s)
    supply, reconciliation = _settled_and_reconciled(settings, target, console)
    seconds = time.monotonic() - started_s
    return _summary(target, file, counts, supply, reconciliation, accepted_s, seconds)


def show(summary: ReplaySummary, console: Console) -> None:
    """Prints the summary, a line per figure, ending with whether everything agrees."""
    lines = [
        ("purchases accepted", f"{summary.purchases_accepted:,}"),
        ("members", f"{summary.members:,}"),
        ("points minted", f"{summary.points_minted:,}"),
        ("points settled on chain", f"{summary.points_settled:,}"),
        (
            "chain supply",
            "not asked" if summary.chain_supply is None else f"{summary.chain_supply:,}",
        ),
        ("mirror sum", f"{summary.mirror_sum:,}"),
        ("accepted per second", f"{summary.accepted_per_second:,.0f}"),
        ("seconds until settled", f"{summary.settle_seconds:,.1f}"),
    ]
    for name, value in lines:
        console.print(f"  {name:<24} {value:>14}", highlight=False)
    for difference in summary.differences:
        console.print(f"  {difference}", highlight=False, soft_wrap=True)
    console.print(f"reconciled: {'yes' if summary.reconciled else 'NO'}", highlight=False)


def as_json(summary: ReplaySummary) -> str:
    return json.dumps(asdict(summary), indent=2)


def _send(
    replay: Replay, file: PurchaseFile, console: Console, started_s: float
) -> tuple[ReplayCounts, float]:
    total = len(file.customers) + len(file.purchases)
    with _progress(console) as progress:
        task = progress.add_task(f"replaying {file.stem}", total=total)
        milestones = _Milestones(console, total, f"replaying {file.stem}")

        def advance() -> None:
            progress.advance(task)
            milestones.advance()

        replay.on_progress = advance
        try:
            counts = asyncio.run(replay.run())
        except* ReplayError as refused:
            raise _first(refused) from None
    return counts, time.monotonic() - started_s


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _settled_and_reconciled(
    settings: Settings, target: Target, console: Console
) -> tuple[dict[str, Any], Reconciliation]:
    """A node that was killed has lost blocks, which the settler then sends again: so what does
    not agree, or could not be read from the chain, is looked at again for a while."""
    deadline_s = time.monotonic() + _AGREE_S
    while True:
        supply = _wait_until_settled(target, console)
        result = reconcile_now(settings)
        checked = all(
            program.chain_points is not None
            for program in result.programs
            if program.program_id == target.program_id
        )
        if (checked and result.reconciled) or time.monotonic() > deadline_s:
            return supply, result
        time.sleep(_POLL_S)


def _wait_until_settled(target: Target, console: Console) -> dict[str, Any]:
    """Waits until nothing of the program is in flight; ReplayError when nothing moves any more."""
    supply = _supply(target)
    waiting = abs(supply["in_flight"])
    milestones = _Milestones(console, waiting, "settling on chain")
    moved_s = time.monotonic()
    with _progress(console) as progress:
        task = progress.add_task("settling on chain", total=waiting)
        while supply["in_flight"]:
            if supply["parked"]:
                raise ReplayError(
                    f"{supply['parked']} operations are parked; see the settler's log"
                )
            if time.monotonic() - moved_s > _STUCK_S:
                raise ReplayError("settlement does not move; see the settler's log")
            time.sleep(_POLL_S)
            before = abs(supply["in_flight"])
            supply = _supply(target)
            if (moved := before - abs(supply["in_flight"])) > 0:
                moved_s = time.monotonic()
                progress.advance(task, moved)
                milestones.advance(moved)
    return supply


def _supply(target: Target) -> dict[str, Any]:
    url = f"{target.api_url}/v1/programs/{target.program_id}/supply"
    headers = {"Authorization": f"Bearer {target.api_key}"}
    retries = urllib3.Retry(total=20, backoff_factor=0.1, backoff_max=2, status_forcelist=[503])
    try:
        answer = urllib3.request("GET", url, headers=headers, retries=retries, timeout=10)
    except urllib3.exceptions.HTTPError as failure:
        raise ReplayError(f"{target.api_url} does not answer") from failure
    if answer.status != 200:
        raise ReplayError(f"the program cannot be read: {detail_of(answer)}")
    supply: dict[str, Any] = answer.json()
    return supply


def _summary(
    target: Target,
    file: PurchaseFile,
    counts: ReplayCounts,
    supply: dict[str, Any],
    reconciliation: Reconciliation,
    accepted_s: float,
    seconds: float,
) -> ReplaySummary:
    result = next(p for p in reconciliation.programs if p.program_id == target.program_id)
    return ReplaySummary(
        program_id=target.program_id,
        purchases_accepted=counts.purchases,
        members=len(file.customers),
        points_minted=supply["minted"],
        points_settled=supply["total_supply"],
        chain_supply=result.chain_points,
        mirror_sum=result.mirror_points,
        reconciled=reconciliation.reconciled,
        accept_seconds=accepted_s,
        settle_seconds=seconds,
        accepted_per_second=counts.purchases / accepted_s,
        settled_per_second=counts.operations / seconds,
        differences=reconciliation.differences,
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class _Milestones:
    """A line every tenth of the way, where there is no terminal to draw a bar on."""

    def __init__(self, console: Console, total: int, what: str) -> None:
        self._console = console
        self._total = total
        self._what = what
        self._done = 0
        self._shown = 0

    def advance(self, count: int = 1) -> None:
        self._done += count
        tenths = min(10, self._done * 10 // max(1, self._total))
        if tenths > self._shown and not self._console.is_terminal:
            self._shown = tenths
            self._console.print(f"{self._what}: {tenths * 10} %", highlight=False)
