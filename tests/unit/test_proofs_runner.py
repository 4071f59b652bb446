"""What the runner of the proofs takes for a failure, though Halmos says PASS."""

from __future__ import annotations

from typing import Any

from proofs.run import answered, checks, halmos_faults

LOOP_BOUND = "WARNING  check_a(): paths have not been fully explored (see {})".format(
    "https://github.com/a16z/halmos/wiki/warnings#loop-bound"
)


def report(**changed: Any) -> dict[str, Any]:
    result = {"name": "check_a(uint256)", "exitcode": 0, "num_bounded_loops": 0, **changed}
    return {"test_results": {"proofs/A.sol:A": [result]}}


def faults(found: dict[str, Any], words: str = "") -> list[str]:
    return list(halmos_faults({"check_a"}, found, words))


def test_a_proof_that_passed_has_no_fault() -> None:
    assert faults(report()) == []


def test_a_counterexample_and_a_timeout_are_faults() -> None:
    assert faults(report(exitcode=1)) == ["check_a: not proved"]


def test_a_loop_cut_at_its_bound_is_a_fault() -> None:
    assert faults(report(num_bounded_loops=1)) == ["check_a: not fully explored"]
    assert faults(report(), LOOP_BOUND) == ["Halmos warns: loop-bound"]


def test_a_proof_that_did_not_run_is_a_fault() -> None:
    assert faults({"test_results": {}}) == ["check_a: did not run"]


def test_every_contract_of_proofs_has_some() -> None:
    found = checks()
    assert {"TransferProof", "StrangerProof", "BatchProof", "MemberWordProof"} <= found.keys()
    assert all(found.values())


def test_each_finding_of_slither_takes_an_answer_and_each_answer_a_finding() -> None:
    finding = {"check": "timestamp", "where": ["contracts/A.sol"], "what": "A.f() compares"}
    fitting = {"check": "timestamp", "where": ["contracts/A.sol"], "says": "A.f()"}
    other = {**fitting, "says": "A.g()"}
    assert answered([finding], [fitting]) == ([], [])
    assert answered([finding], [other]) == ([finding], [other])
    assert answered([finding], []) == ([finding], [])
