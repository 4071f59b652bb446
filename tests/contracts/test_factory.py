"""ProgramFactory: predictable addresses, and nobody creates in another issuer's name."""

from __future__ import annotations

from typing import Any

import ape
import pytest
from contract_model import PARAMETERS, SALT, ZERO_ADDRESS, assert_refused, parameters

IDENTITY = parameters(decimals=2)


def test_created_where_predicted(
    project: Any, factory: Any, settlement: Any, operator: Any
) -> None:
    predicted = factory.predict(settlement, SALT, IDENTITY)
    assert factory.programOf(settlement, SALT) == ZERO_ADDRESS
    receipt = factory.createProgram(settlement, SALT, IDENTITY, sender=operator)
    (log,) = receipt.decode_logs(factory.ProgramCreated)
    assert factory.programOf(settlement, SALT) == predicted == log.program
    assert (log.issuer, bytes(log.salt), log.version) == (settlement.address, SALT, 1)
    assert (log.name, log.symbol, log.decimals) == IDENTITY[:3]
    (rules,) = receipt.decode_logs(factory.ProgramRulesSet)
    assert rules.program == predicted
    assert tuple(rules.parameters) == IDENTITY
    program = project.LoyaltyProgram.at(predicted)
    assert (program.name(), program.symbol(), program.decimals()) == IDENTITY[:3]
    assert program.issuer() == settlement.address


def test_long_and_empty_names(project: Any, factory: Any, settlement: Any, operator: Any) -> None:
    names = ("", "x" * 31, "é" * 100)
    for number, name in enumerate(names):
        salt = number.to_bytes(32, "big")
        each = parameters(name=name, symbol=name, decimals=18)
        factory.createProgram(settlement, salt, each, sender=operator)
        program = project.LoyaltyProgram.at(factory.programOf(settlement, salt))
        assert (program.name(), program.symbol(), program.decimals()) == (name, name, 18)


def test_a_salt_is_used_once(factory: Any, settlement: Any, operator: Any, admin: Any) -> None:
    factory.createProgram(settlement, SALT, IDENTITY, sender=operator)
    existing = factory.programOf(settlement, SALT)
    for name in (IDENTITY[0], "Another name"):
        assert_refused(
            factory.ProgramExists,
            {"program": existing},
            factory.createProgram,
            settlement,
            SALT,
            parameters(name=name),
            sender=admin,
        )


def test_strangers_cannot_take_a_salt(
    factory: Any, settlement: Any, guardian: Any, stranger: Any, operator: Any
) -> None:
    for account in (guardian, stranger):
        assert_refused(
            factory.NotAllowed,
            {"issuer": settlement, "caller": account},
            factory.createProgram,
            settlement,
            SALT,
            IDENTITY,
            sender=account,
        )
    assert_refused(
        factory.NotAllowed,
        {"issuer": operator, "caller": stranger},
        factory.createProgram,
        operator,
        SALT,
        IDENTITY,
        sender=stranger,
    )


def test_the_admin_creates_too(factory: Any, settlement: Any, admin: Any) -> None:
    factory.createProgram(settlement, SALT, IDENTITY, sender=admin)
    assert factory.programOf(settlement, SALT) != ZERO_ADDRESS


def test_issuers_do_not_share_salts(
    factory: Any, settlement: Any, operator: Any, stranger: Any
) -> None:
    factory.createProgram(settlement, SALT, IDENTITY, sender=operator)
    factory.createProgram(stranger, SALT, IDENTITY, sender=stranger)
    assert factory.programOf(settlement, SALT) != factory.programOf(stranger, SALT)


def test_prediction_covers_every_argument(factory: Any, settlement: Any, stranger: Any) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"name": "Nome"},
        {"symbol": "SIM"},
        {"decimals": 2},
        {"periodMonths": 3, "validityPeriods": 1},
        {"periodMonths": 3, "validityPeriods": 2},
        {"utcOffsetMinutes": -60},
        {"signedOnly": True},
        {"noticeDays": 31},
        {"supplyCap": 1},
        {"mintPerDay": 1},
        {"debitPerDay": 1},
        {"termsHash": b"\x34" * 32},
        {"termsURI": "elsewhere"},
        {"contractURI": "elsewhere"},
    ]
    arguments = [(settlement, SALT, parameters(**each)) for each in changes]
    arguments += [(stranger, SALT, parameters()), (settlement, b"\x23" * 32, parameters())]
    assert len({factory.predict(*each) for each in arguments}) == len(arguments)


def test_versions(project: Any, factory: Any, logic: Any, admin: Any, operator: Any) -> None:
    assert factory.latestVersion() == 1
    assert factory.implementationOf(1) == logic.address
    for version in (0, 2):
        assert_refused(
            factory.UnknownVersion, {"version": version}, factory.implementationOf, version
        )
    newer = admin.deploy(project.LoyaltyProgram)
    second = admin.deploy(project.ProgramFactory, [logic, newer])
    assert second.latestVersion() == 2
    receipt = second.createProgram(operator, SALT, IDENTITY, sender=operator)
    assert [log.version for log in receipt.decode_logs(second.ProgramCreated)] == [2]
    code = ape.chain.provider.get_code(second.programOf(operator, SALT))
    assert bytes.fromhex(newer.address[2:]) in bytes(code)


@pytest.mark.parametrize("implementations", [[], [ZERO_ADDRESS]])
def test_a_factory_needs_logic(project: Any, admin: Any, implementations: list[str]) -> None:
    assert_refused(
        project.ProgramFactory.BadImplementation,
        {"index": 0},
        project.ProgramFactory,
        implementations,
        sender=admin,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"periodMonths": 2, "validityPeriods": 1},
        {"periodMonths": 24, "validityPeriods": 1},
        {"periodMonths": 1},
        {"periodMonths": 1, "validityPeriods": 5},
        {"validityPeriods": 1},
        {"noticeDays": 0},
        {"utcOffsetMinutes": -721},
        {"utcOffsetMinutes": 841},
    ],
    ids=str,
)
def test_programs_that_cannot_be(
    factory: Any, settlement: Any, operator: Any, changed: dict[str, Any]
) -> None:
    assert_refused(
        factory.BadParameters,
        {},
        factory.createProgram,
        settlement,
        SALT,
        parameters(**changed),
        sender=operator,
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"periodMonths": months, "validityPeriods": validity, "utcOffsetMinutes": offset}
        for months, validity, offset in [(1, 1, -720), (3, 4, 840), (6, 2, 0), (12, 3, 330)]
    ],
    ids=str,
)
def test_every_parameter_can_be_read(new_program: Any, changed: dict[str, Any]) -> None:
    program = new_program(signedOnly=True, supplyCap=9, mintPerDay=8, debitPerDay=7, **changed)
    assert program.periodMonths() == changed["periodMonths"]
    assert program.validityDuration() == changed["validityPeriods"]
    assert program.utcOffsetMinutes() == changed["utcOffsetMinutes"]
    assert program.signedOnlyProgram()
    assert program.noticePeriod() == PARAMETERS["noticeDays"] * 86_400
    assert tuple(program.limits()) == (9, 8, 7)
    assert program.contractURI() == PARAMETERS["contractURI"]
    terms = program.terms()
    assert (bytes(terms.hash), terms.uri) == (PARAMETERS["termsHash"], PARAMETERS["termsURI"])
