"""Everything an operator can set, from the environment (prefix MEREAU_) or a .env file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.core.contact import Channel


class Settings(BaseSettings):
    """Settings of every process of the system; the defaults are the embedded system's."""

    model_config = SettingsConfigDict(
        env_prefix="MEREAU_",
        env_file=".env",
        extra="ignore",
        # What is refused may hold a password.
        hide_input_in_errors=True,
    )

    data: Path = Field(
        default=Path(".mereau"), description="Folder of everything the system keeps."
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="The HTTP port; 0 takes a free one."
    )
    host: str = Field(default="127.0.0.1", description="The address the API listens on.")
    demo: bool = Field(default=True, description="Replay the demo's purchases on the first run.")
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of the ledger; SQLite in the data folder if unset.",
    )
    rpc_url: str | None = Field(
        default=None, description="JSON-RPC URL of the chain; an embedded anvil if unset."
    )
    own_chain: bool = Field(
        default=False,
        description="Set by `mereau up` for its processes: the chain at `rpc_url` is embedded.",
    )
    rpc_connect_seconds: float = Field(
        default=3.0, gt=0, description="How long connecting to the chain's node may take."
    )
    rpc_read_seconds: float = Field(
        default=20.0, gt=0, description="How long the chain's node may take to answer."
    )
    chain_port: int = Field(default=8545, ge=0, le=65535, description="Port of the embedded anvil.")
    block_time_seconds: int = Field(
        default=1, ge=1, description="Block time of the embedded anvil."
    )
    finality: str = Field(
        default="finalized",
        pattern=r"^(finalized|safe|depth:[0-9]+)$",
        description="What is final: a block tag, or depth:N blocks below the head.",
    )
    operator_keys: SecretStr | None = Field(
        default=None, description="Comma-separated private keys, one lane each."
    )
    admin_key: SecretStr | None = Field(
        default=None, description="Private key that deploys the contracts and adds operators."
    )
    lanes: int = Field(
        default=8, ge=1, le=64, description="Operator keys made at the first start, a lane each."
    )
    explorer_tx_url: str | None = Field(
        default=None,
        pattern=r"^https?://.*\{tx_hash\}",
        description="Block explorer's page of a transaction, with {tx_hash} in it; shown to tills.",
    )
    badge_base_url: str | None = Field(
        default=None,
        pattern=r"^(https?|ipfs)://[^?#]*/$",
        description="What stands before a badge type's number in its token URI, written into the"
        " contract for ever; this API's own address if unset.",
    )
    max_fee_gwei: int = Field(default=200, ge=1, description="The most a settlement pays per gas.")
    poll_ms: int = Field(default=200, ge=10, description="How often settler and indexer look.")
    webhooks_reach: Literal["public", "loopback", "any"] | None = Field(
        default=None,
        description="Where webhooks may go: public addresses only, this machine too, or any; if"
        " unset, this machine too with the embedded chain, and public addresses with another.",
    )
    vault_key: SecretStr | None = Field(
        default=None,
        description="Base64 of the vault's 32-byte master key; made in the data folder if unset.",
    )
    reconcile_seconds: int = Field(
        default=60,
        ge=0,
        le=86_400,
        description="How often ledger, mirror and chain are compared while running; 0 for never.",
    )
    boundary_margin_seconds: int = Field(
        default=120,
        ge=0,
        le=86_400,
        description="How long before points expire no more redemptions are settled.",
    )
    audit_key: SecretStr | None = Field(
        default=None,
        description="Base64 of the 32-byte key that signs audit reports; made in the data folder"
        " if unset.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Where e-mail goes: smtp[s]://user:password@host:port. If unset, an embedded"
        " system keeps mail for /dev/inbox, and any other sends none.",
    )
    mail_from: str = Field(
        default="Méreau <no-reply@localhost>", description="The sender of e-mail: Name <address>."
    )
    sms_url: SecretStr | None = Field(
        default=None,
        description="Where SMS go, as JSON: http[s]://… of a gateway. If unset, as for e-mail.",
    )
    sms_token: SecretStr | None = Field(
        default=None, description="The bearer token of the SMS gateway."
    )
    dev_inbox: bool | None = Field(
        default=None,
        description="Whether /dev/inbox shows what would be sent, to anybody; if unset, on the"
        " embedded chain when only this machine can reach the API. Never beside an SMTP server.",
    )
    export_days: int = Field(
        default=7, ge=1, le=365, description="How many days the files of exports are kept."
    )
    requests_days: int = Field(
        default=14, ge=0, le=365, description="How many days API calls stay logged; 0 logs none."
    )
    batch_words_max: int = Field(default=600, ge=1, le=600, description="Words per transaction.")

    @property
    def embedded(self) -> bool:
        """Whether the chain is the embedded one, as opposed to a network of others."""
        return self.rpc_url is None or self.own_chain

    @property
    def downloads(self) -> Path:
        """Where files that are made for people lie."""
        return self.data / "downloads"

    @property
    def ledger_url(self) -> str:
        """The ledger's SQLAlchemy URL, with psycopg named for PostgreSQL."""
        if self.database_url is None:
            return f"sqlite:///{self.data.resolve()}/ledger.db"
        scheme, _, rest = self.database_url.partition("://")
        return (
            f"postgresql+psycopg://{rest}"
            if scheme in {"postgres", "postgresql"}
            else self.database_url
        )

    @field_validator("smtp_url", "sms_url")
    @classmethod
    def _is_a_server(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return None
        schemes = {"smtp", "smtps"} if info.field_name == "smtp_url" else {"http", "https"}
        parts = urlsplit(url.get_secret_value())
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"not the URL of a server, with {' or '.join(sorted(schemes))}")
        return url

    @property
    def channels(self) -> set[Channel]:
        """The ways by which messages can leave."""
        ways = {Channel.EMAIL: self.smtp_url, Channel.SMS: self.sms_url}
        return {channel for channel, url in ways.items() if url is not None or self.shows_inbox}

    @property
    def shows_inbox(self) -> bool:
        """Whether this is a development system whose messages are kept to be looked at."""
        if self.smtp_url is not None:
            return False
        if self.dev_inbox is not None:
            return self.dev_inbox
        return self.embedded and self.host in {"127.0.0.1", "localhost", "::1"}

    @property
    def mirror_url(self) -> str:
        """The mirror's SQLAlchemy URL: a file of its own on SQLite, the same database otherwise."""
        if self.ledger_url.startswith("sqlite:///"):
            ledger_path = Path(self.ledger_url.removeprefix("sqlite:///"))
            return f"sqlite:///{ledger_path.with_name('mirror.db')}"
        return self.ledger_url
