"""A purchase history of a few dozen rows, with everything in it that is easily counted wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEADER = "customer_id,date,quantity,amount_usd"


@dataclass(frozen=True)
class SmallShop:
    """The file and what it must come to, at a point per whole dollar, floored per purchase."""

    path: Path
    purchases: int
    members: int
    points: int


def write_small_shop(folder: Path, customers: int = 12, visits: int = 4) -> SmallShop:
    """Every customer buys on several days; some rows are equal, some are free, some earn none."""
    rows: list[tuple[str, str, int]] = []
    for customer in range(customers):
        for visit in range(visits):
            cents = 100 * (customer + 1) * (visit + 1) + (37 * customer) % 100
            rows.append(
                (f"{customer:05d}", f"1997-{visit % 12 + 1:02d}-{customer % 28 + 1:02d}", cents)
            )
    rows += [rows[0], rows[0], rows[5]]
    rows += [("00003", "1998-06-30", 0), ("00004", "1998-06-29", 99), ("99999", "1998-06-30", 0)]
    path = folder / "small_shop.csv"
    lines = [f"{who},{day},1,{cents // 100}.{cents % 100:02d}" for who, day, cents in rows]
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return SmallShop(
        path=path,
        purchases=len(rows),
        members=len({who for who, _, _ in rows}),
        points=sum(cents // 100 for _, _, cents in rows),
    )


def figure(output: str, name: str) -> str:
    """What the replay's summary says after a name."""
    (line,) = [line for line in output.splitlines() if line.strip().startswith(f"{name}  ")]
    return line.split()[-1]


def expect_summary(output: str, shop: SmallShop) -> None:
    """The replay's summary with exact totals, and that everything agrees."""
    assert figure(output, "purchases accepted") == f"{shop.purchases:,}"
    assert figure(output, "members") == f"{shop.members:,}"
    for name in ("points minted", "points settled on chain", "chain supply", "mirror sum"):
        assert figure(output, name) == f"{shop.points:,}", name
    assert "reconciled: yes" in output
