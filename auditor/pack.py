"""A proof pack: everything a node answered to an audit, so that anybody can audit again offline.

A pack is a ZIP of `pack.json` (what was audited, and the digest of every other file),
`answers.jsonl` (question and answer, in the order they were asked), `report.json` (the report of
whoever made it), `artifacts/` (the published contracts), and, where they were given,
`deployment.json` and `receipts.jsonl`.

Whoever checks a pack trusts none of it. The hash of the block is made again from its header, the
accounts and their code are proved under its state root, and the storage that the whole history must
lead to is compared with the proved one: what remains is to see that the block with this hash is the
chain's, at any node.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from auditor.node import Envelope, Node, NotAsked

FORMAT: Final = "mereau/proof-pack/1"
ANSWERS: Final = "answers.jsonl"
_UNPACKED_BYTES_MAX: Final = 4 << 30
README: Final = """This is a proof pack of Méreau, a loyalty system whose points are on a chain.

To check it, without any connection, in a copy of Méreau's repository that you trust:

    make setup contracts
    .venv/bin/mereau audit pack FILE.zip

It replays the whole history from the answers in this pack and compares it with the state that the
block's hash proves. Then compare that hash with the one that any node of the chain names for the
same number. docs/auditor/README.md says what is checked and what each finding means.

---

Ceci est un dossier de preuve de Méreau, un système de fidélité dont les points sont sur une chaîne.

Pour le vérifier, sans connexion, dans une copie de confiance du dépôt de Méreau :

    make setup contracts
    .venv/bin/mereau audit pack FICHIER.zip

La commande rejoue tout l'historique à partir des réponses contenues ici et le compare à l'état que
prouve l'empreinte du bloc. Comparez ensuite cette empreinte à celle que donne n'importe quel nœud
de la chaîne pour le même numéro.
"""


class BrokenPack(Exception):
    """A file is no proof pack, or was changed since; the message says in which way."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question and what the node answered: a result, or why it refused."""

    method: str
    params: list[Any]
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: str | None = None


class RecordingNode(Node):
    """A node whose answers are kept in a file, each once."""

    def __init__(self, url: str, file: IO[bytes]) -> None:
        super().__init__(url)
        self._file = file
        self._known: set[bytes] = set()

    def fetch(self, requests: list[tuple[str, list[Any]]]) -> list[Envelope]:
        envelopes = super().fetch(requests)
        for (method, params), envelope in zip(requests, envelopes, strict=True):
            key = _key(method, params)
            if key in self._known:
                continue
            self._known.add(key)
            answer = (
                Answer(method, params, result=msgspec.Raw(bytes(envelope.result)))
                if envelope.error is None
                else Answer(method, params, error=str(envelope.error)[:300])
            )
            self._file.write(msgspec.json.encode(answer) + b"\n")
        return envelopes

    def answers(self) -> IO[bytes]:
        """All of them, from the start."""
        self._file.seek(0)
        return self._file


class PackedNode(Node):
    """Answers from a pack; what was not asked when it was made is refused."""

    def __init__(self, answers: Mapping[bytes, Answer]) -> None:
        super().__init__("")
        self._answers = answers

    def fetch(self, requests: list[tuple[str, list[Any]]]) -> list[Envelope]:
        found = []
        for method, params in requests:
            answer = self._answers.get(_key(method, params))
            if answer is None:
                raise NotAsked(f"the pack has no answer to {method}")
            if answer.result is msgspec.UNSET:
                found.append(Envelope(error=answer.error))
            else:
                found.append(Envelope(result=answer.result))
        return found


@dataclass(frozen=True, slots=True)
class Pack:
    """What a pack says was audited, and the files beside the answers."""

    about: dict[str, Any]
    node: PackedNode
    artifacts: dict[str, bytes]
    record: dict[str, Any] | None
    receipts: bytes | None
    report: dict[str, Any]


def write_pack(path: Path, about: dict[str, Any], files: Mapping[str, bytes | IO[bytes]]) -> None:
    """Writes the pack in one move; `about` is completed with the digest of each file."""
    fresh = path.with_name(f"{path.name}.new")
    digests = {}
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            digest = sha256()
            with archive.open(name, "w", force_zip64=True) as entry:
                for part in _parts(content):
                    digest.update(part)
                    entry.write(part)
            digests[name] = digest.hexdigest()
        whole = {"format": FORMAT, **about, "files": digests}
        archive.writestr("pack.json", json.dumps(whole, indent=1) + "\n")
        archive.writestr("README.txt", README)
    fresh.replace(path)


def read_pack(path: Path) -> Pack:
    """Reads and checks the digests. Raises BrokenPack."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED_BYTES_MAX:
                raise BrokenPack(f"{path} would be larger than {_UNPACKED_BYTES_MAX} bytes")
            about = json.loads(archive.read("pack.json"))
            if about["format"] != FORMAT:
                raise BrokenPack(f"{path} has the form {str(about['format'])[:60]}")
            files = {str(name): archive.read(name) for name in about["files"]}
            for name, content in files.items():
                if sha256(content).hexdigest() != about["files"][name]:
                    raise BrokenPack(f"{path}: {name} was changed")
            record = files.get("deployment.json")
            return Pack(
                about=about,
                node=PackedNode(_answers(files[ANSWERS])),
                artifacts={n: c for n, c in files.items() if n.startswith("artifacts/")},
                record=None if record is None else json.loads(record),
                receipts=files.get("receipts.jsonl"),
                report=json.loads(files["report.json"]),
            )
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as failure:
        raise BrokenPack(f"{path} is no proof pack ({type(failure).__name__})") from None


def _answers(content: bytes) -> dict[bytes, Answer]:
    decoder = msgspec.json.Decoder(Answer)
    found = (decoder.decode(line) for line in content.splitlines())
    return {_key(answer.method, answer.params): answer for answer in found}


def _key(method: str, params: list[Any]) -> bytes:
    return msgspec.json.encode([method, params])


def _parts(content: bytes | IO[bytes]) -> Any:
    if isinstance(content, bytes):
        return [content]
    return iter(lambda: content.read(1 << 20), b"")
