"""The embedded queue: kombu's folder of messages, each appearing whole or not at all.

Kombu opens a message's file before it writes it, and reads whatever it finds: a worker that looks in between reads
nothing, and ends. The same befalls it after a process that died while it was writing.
"""

import logging
import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)

#: How often, and how long apart in seconds, a table of queues is read again that another process is just writing.
TRIES, WAIT = 40, 0.05


class Channel(filesystem.Channel):
    """Kombu's channel with messages that are put in place in one step, and one that cannot be read passed over."""

    def _put(self, queue: str, payload: Any, **_options: Any) -> None:  # type: ignore[override]  # bases differ
        # In the order of sending, as kombu names them; the name of the part is no queue's.
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f".{name}.part"
        part.write_text(dumps(payload))
        os.replace(part, folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 -- kombu's own signature
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                # Taken out of the folder already. A message only wakes; a sweeper finds what it was about.
                logger.warning("A message of the queue %s could not be read and is passed over", queue)

    def get_table(self, exchange: str) -> Any:
        for _try in range(TRIES):
            try:
                return super().get_table(exchange)
            except ValueError:
                time.sleep(WAIT)
        return super().get_table(exchange)


class Transport(filesystem.Transport):
    """Named by ``CELERY_BROKER_TRANSPORT``."""

    Channel = Channel
