"""A number that is read again and again, for as long as something else goes on."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_JOIN_SECONDS = 130  # longer than a kubectl that does not answer


class Sampled:
    """A context; after it `readings` has at least one. A reading that failed is raised at its end.

    A thread that died unseen would leave the drill with what it had read until then.
    """

    def __init__(self, read: Callable[[], int], *, every: float) -> None:
        self.readings: list[int] = []
        self._read, self._every = read, every
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sampled", daemon=True)

    def __enter__(self) -> Self:
        self.readings.append(self._read())
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(_JOIN_SECONDS)
        if error is None and self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while not self._stop.wait(self._every):
                self.readings.append(self._read())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            self._error = error
