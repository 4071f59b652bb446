"""From started processes to a system that serves: databases, contracts, the demo, its replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import urllib3

from backend import wiring
from backend.chain.port import ChainError
from backend.commands.demo import (
    Demo,
    load_demo,
    make_merchant,
    make_program,
    save_demo,
    write_private,
)
from backend.commands.demo_life import MEMBERS, PEOPLE, DemoLife, add_people
from backend.commands.deploy import deploy_once, wait_until_kept
from backend.commands.embedded_chain import fund, wait_for_chain
from backend.commands.operators import add_missing_operators
from backend.commands.plainly import without_secrets
from backend.commands.running import ready_path
from backend.commands.system import CLI, CannotStartError, System
from backend.core.roles import Role
from backend.ledger.loading import ProgramState
from backend.ledger.programs import program_of
from backend.web import EXPLORER_FOLDER
from backend.wiring import Databases

_EMBEDDED_SECONDS = 60.0
_REMOTE_SECONDS = 10.0


def bring_up(system: System, demo_file: Path, *, embedded: bool) -> None:
    """Returns once the system is ready, with ready.json written and the demo replayed.

    Raises CannotStartError, ChildFailedError, StoppedError, SettingError and sqlalchemy's errors.
    """
    settings = system.settings
    logs = settings.data / "logs"
    databases = wiring.open_databases(settings)
    wiring.open_vault(settings)
    addresses = [wiring.admin_address(settings), *wiring.operator_addresses(settings)]
    shown_url = without_secrets(str(settings.rpc_url))
    if embedded:
        silence = f"the embedded chain does not answer; see {logs / 'chain.log'}"
        chain_id = wait_for_chain(system, silence, _EMBEDDED_SECONDS)
    else:
        silence = f"no chain answers at {shown_url}: check MEREAU_RPC_URL"
        chain_id = wait_for_chain(system, silence, _REMOTE_SECONDS)
    chain = wiring.open_chain(settings)
    try:
        if embedded:
            fund(settings, chain, addresses)
        deployment = deploy_once(system, databases, chain, chain_id, embedded=embedded)
        add_missing_operators(system, chain, deployment)
        deployed_at = chain.head().number
    except (ChainError, urllib3.exceptions.HTTPError) as failure:
        raise CannotStartError(f"the chain stopped answering: {failure}; start again") from failure
    system.start_services("api")
    api_url = f"http://{settings.host}:{settings.port}"
    system.until(
        lambda: _answers(f"{api_url}/readyz"), f"the API does not get ready; see {logs / 'api.log'}"
    )
    if embedded and load_demo(settings) is None:
        wait_until_kept(system, deployed_at)
    system.start_services("settler", "indexer", "worker")
    if settings.reconcile_seconds:
        system.start_services("watch")
    demo, program = _demo(system, databases, api_url)
    ready = {
        "api_url": api_url,
        "api_key": demo.api_key,
        "program_id": program.id,
        "program_address": program.contract_address,
        "rpc_url": settings.rpc_url,
        "password": demo.password,
    }
    write_private(ready_path(settings.data), ready)
    _say_where(system, api_url, demo, program)
    if settings.demo and not demo.replayed:
        _replay(system, demo, demo_file)
    else:
        _show(system, "reconcile")


def _say_where(system: System, api_url: str, demo: Demo, program: ProgramState) -> None:
    """The addresses, with who can sign in where. A passkey needs a host with a name."""
    settings = system.settings
    named = api_url.replace("//127.0.0.1:", "//localhost:")
    said = {
        "card": f"{named}/card  ({MEMBERS[0]}, code at {named}/dev/inbox)",
        "console": f"{named}/console  ({PEOPLE[Role.OWNER][0]}, password {demo.password})",
        "books": f"{named}/audit  ({PEOPLE[Role.AUDITOR][0]}, the same password)",
        "explorer": f"{named}/explorer",
        "API": f"{api_url}  (reference: {api_url}/docs)",
        "API key": f"in {ready_path(settings.data)}",
        "chain": without_secrets(str(settings.rpc_url)),
        "program": f"{program.id} at {program.contract_address}",
    }
    if not EXPLORER_FOLDER.is_dir():
        del said["explorer"]
    for name, text in said.items():
        system.say(f"  {name:<9}  {text}")


def _demo(system: System, databases: Databases, api_url: str) -> tuple[Demo, ProgramState]:
    settings = system.settings
    demo = load_demo(settings) or make_merchant(settings, databases)
    if demo.program_id is None:
        made: list[str] = []

        def is_made() -> bool:
            made.extend(make_program(api_url, demo))
            return bool(made)

        system.until(is_made, "the API stopped answering before the demo program was made")
        demo = replace(demo, program_id=made[0])
        DemoLife(api_url, demo).give_rules()
        add_people(databases, demo)
        save_demo(settings, demo)
    program_id = str(demo.program_id)
    found: list[ProgramState] = []

    def is_deployed() -> bool:
        with databases.ledger.connect() as connection:
            program = program_of(connection, demo.merchant_id, program_id)
        if program is None:
            raise CannotStartError(
                f"the demo program of {settings.data / 'demo.json'} is not in the ledger:"
                " another database was used with this data folder before"
            )
        if program.contract_address is not None:
            found.append(program)
        return bool(found)

    system.until(
        is_deployed,
        "the contract of the demo program was not deployed;"
        f" see {settings.data / 'logs' / 'settler.log'}",
    )
    return demo, found[0]


def _replay(system: System, demo: Demo, file: Path) -> None:
    replayed = _show(system, "replay", str(file), "--program", str(demo.program_id)) == 0
    if replayed and _show(system, "furnish", str(file)) == 0:
        save_demo(system.settings, replace(demo, replayed=True))
    else:
        system.say("the replay did not come to its end: the next `make up` goes on with it")


def _show(system: System, name: str, *arguments: str) -> int:
    """Runs a command of ours that shows its output here; its exit code."""
    child = system.child(name, (*CLI, name, *arguments))
    child.shows_output = True
    return system.run_to_end(child)


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=1.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False
