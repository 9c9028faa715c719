"""The channel to the parent: one JSON document per line over the socket that is standard input at the start.

Standard input, output and errors belong to user code afterwards: nothing that it prints or reads can be mistaken for
the protocol.
"""

import json
import os
import socket


class Channel:
    def __init__(self, connection):
        self._socket = connection
        self._owner = os.getpid()
        self._reader = connection.makefile("r", encoding="utf-8", newline="\n")

    @classmethod
    def take(cls):
        """Moves the socket away from standard input, where user code finds an empty file instead."""
        # A duplicate is not inherited by programs that user code starts.
        connection = socket.socket(fileno=os.dup(0))
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        return cls(connection)

    @property
    def is_copied(self):
        """Whether this process is a copy that user code forked, with which the parent has no business."""
        return os.getpid() != self._owner

    def send(self, document):
        if self.is_copied:
            os._exit(1)
        # Escaped, so that texts which are not UTF-8 (surrogates) travel too.
        self._socket.sendall(json.dumps(document, allow_nan=False).encode("ascii") + b"\n")

    def requests(self):
        """Every request until the parent closes its side."""
        for line in self._reader:
            # One that user code let return.
            if self.is_copied:
                os._exit(1)
            yield json.loads(line)
