"""A chain that fails one lane: the others go on."""

from __future__ import annotations

from types import TracebackType

from backend.chain.port import ChainRefused, ChainUnavailable
from backend.settlement.lanes import Lane
from backend.settlement.report import AlarmCode, StepReport


class LaneFailures:
    """Makes the chain's failures the lane's alarm, so that the other lanes go on."""

    def __init__(self, lane: Lane, report: StepReport) -> None:
        self._lane = lane
        self._report = report

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        if isinstance(error, ChainUnavailable):
            self._report.alarm(AlarmCode.CHAIN_UNAVAILABLE, self._lane.name, str(error))
        elif isinstance(error, ChainRefused):
            self._report.alarm(AlarmCode.SETTLE_REFUSED, self._lane.name, str(error))
        else:
            return False
        return True
