"""Sealing: authenticated encryption of what is kept at rest, by keys that are rotated without a restart."""

import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from app import logging
from app.config.secret import SecretRef, encryption_keys
from app.database.documents import decode, encode
from app.errors import BridgeError, ConfigurationError

log = logging.get(__name__)

#: Of a key's SHA-256: enough to tell keys apart, and nothing of the key.
ID_CHARACTERS = 8
#: Sealed, it cannot be compressed any more by the database.
_FAST = 1


class NoKey(BridgeError):
    """What is sealed cannot be opened; the message says what to do."""


class Seals:
    """The first key seals, all open. References are read at each use, as all secrets are."""

    def __init__(self, references: Sequence[SecretRef]) -> None:
        self._references = references
        self._read: tuple[str, ...] = ()
        self._keys: dict[str, Fernet] = {}

    @property
    def key_ids(self) -> list[str]:
        """The one that seals comes first."""
        return [*self._present()]

    def seal(self, content: Any) -> str:
        key_id, fernet = next(iter(self._present().items()))
        return f"{key_id}.{fernet.encrypt(zlib.compress(encode(content), _FAST)).decode()}"

    def open(self, sealed: str) -> Any:
        key_id, _, token = sealed.partition(".")
        fernet = self._present().get(key_id)
        if fernet is None:
            raise NoKey(
                f"it is sealed with key {key_id}, which encryption.keys does not have; put that key back"
            )
        try:
            return decode(zlib.decompress(fernet.decrypt(token)))
        except InvalidToken:
            raise NoKey(f"key {key_id} does not open it: what is stored was altered") from None

    def _present(self) -> dict[str, Fernet]:
        try:
            texts = tuple(reference.get() for reference in self._references)
            if texts != self._read:
                self._keys = _keys(texts)
                self._read = texts
        except (LookupError, OSError, ValueError) as error:
            if not self._keys:
                raise NoKey(f"encryption.keys cannot be read: {error}") from error
            # In the middle of a rotation a file may be away for a moment.
            log.error("encryption.keys_unread", error=type(error).__name__)
        return self._keys


def _keys(texts: Sequence[str]) -> dict[str, Fernet]:
    keys = [key for text in texts for key in encryption_keys(text)]
    if not keys:
        raise ValueError("there is none")
    return {_id(key): Fernet(key) for key in keys}


def _id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:ID_CHARACTERS]


def beside(database: Path) -> Path:
    return database.with_name(f"{database.name}.key")


def key_at(path: Path) -> SecretRef:
    """Made once, for its owner alone: a copy of the database says nothing of a person without it."""
    if not path.exists():
        try:
            _make(path)
        except OSError as error:
            reason = f"{path} cannot be made ({error.strerror}); name a key that exists"
            raise ConfigurationError([f"encryption.keys: {reason}"]) from None
    return SecretRef(f"file:{path}")


def _make(path: Path) -> None:
    """It appears with its content, or not at all; of two that make it at once the first counts."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            return
