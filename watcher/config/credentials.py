"""Secrets: found where the configuration says, never shown."""

from __future__ import annotations

import os
import re
from pathlib import Path

from watcher.config import documents, units
from watcher.config.models.base import SecretRef
from watcher.config.problems import Place, Problems
from watcher.config.units import clip
from watcher.model import Secret

LARGEST = 64 * 1024  # bytes; a private key has 3 KB

LITERAL = 'a secret in the file itself: better { credential = "name" } or { file = "path" }'


class Keyring:
    """Turns references into secrets.

    :param directory: ``$CREDENTIALS_DIRECTORY`` of the unit, or None outside one: then a missing credential is only a warning.
    :param environment: for ``{ env = … }``.
    """

    def __init__(self, directory: Path | None, environment: dict[str, str], problems: Problems) -> None:
        self.directory, self.environment, self.problems = directory, environment, problems

    def find(self, ref: SecretRef | None, place: Place, *, literal_ok: bool = False) -> Secret | None:
        """Return the secret; None if there is no reference or it cannot be used (then recorded).

        A credential that is missing outside the unit gives an empty secret, with a warning.

        :param literal_ok: the value need not be secret (an URL), so a text in the file gets no warning, unless it is a URL that holds a login.
        """
        if ref is None:
            return None
        match ref.kind:
            case "literal":
                if not literal_ok or units.has_login(ref.value.strip()):
                    self.problems.warn(place, LITERAL)
                return self._checked(ref.value, place, "the secret")
            case "env":
                value = self.environment.get(ref.value, "")
                if not value:
                    self.problems.add(place, f"the environment variable {clip(ref.value)} is not set or empty")
                    return None
                return self._checked(value, place, f"the environment variable {clip(ref.value)}")
            case "credential":
                return self._credential(ref.value, place)
            case _:
                path = Path(os.path.expanduser(ref.value))  # noqa: PTH111 — Path.expanduser raises where there is no home
                return self._file(place.document.path.parent / path, f"the secret file {clip(ref.value, 120)}", place)

    def _credential(self, name: str, place: Place) -> Secret | None:
        if self.directory is not None:
            return self._file(self.directory / name, f"the credential {clip(name)}", place, private=True)
        self.problems.warn(place, f"the credential {clip(name)} is there only inside the systemd unit (LoadCredential={clip(name)}:…)")
        return Secret("")

    def _file(self, path: Path, what: str, place: Place, *, private: bool = False) -> Secret | None:
        try:
            content, status = documents.read(path, LARGEST)
            text = content.decode()
        except UnicodeDecodeError:
            self.problems.add(place, f"{what} is not UTF-8")
            return None
        except (OSError, ValueError) as error:
            self.problems.add(place, f"{what} cannot be read: {documents.why(error)}")
            return None
        if not private and status.st_mode & 0o004:
            self.problems.warn(place, f"{what} can be read by everyone: chmod 600")
        return self._checked(text, place, what)

    def _checked(self, text: str, place: Place, what: str) -> Secret | None:
        value = text.rstrip("\r\n")
        if not value.strip():
            self.problems.add(place, f"{what} is empty")
        elif re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            self.problems.add(place, f"{what} has more than one line, or control characters")
        else:
            return Secret(value)
        return None
