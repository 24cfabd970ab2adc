"""A wire between our programs and a server, which a test can cut, block and mend."""

import contextlib
import socket
import threading


class Wire:
    """Listens on loopback and passes every byte on to `port`. Threads of its own; ends with `close`."""

    def __init__(self, port):
        self.target = port
        self.pairs = set()
        self.lock = threading.Lock()
        self.flows = threading.Event()
        self.flows.set()
        self.takes = True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    # Faults

    def cut(self):
        """Ends every connection at once, as a switched-off firewall state does; new ones may be made."""
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            for end in pair:
                _end(end)
        return len(pairs)

    def block(self):
        """Nothing gets through any more, and nobody is told."""
        self.flows.clear()

    def mend(self):
        self.takes = True
        self.flows.set()

    def refuse(self):
        """Cuts, and takes no new connection until `mend`."""
        self.takes = False
        self.cut()

    def close(self):
        self.takes = False
        self.flows.set()
        _end(self.listener)
        self.cut()

    # Bytes

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = None
            with contextlib.suppress(OSError):
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5) if self.takes else None
            if far is None:
                _end(near)
                continue
            far.settimeout(None)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (near, far)
            with self.lock:
                self.pairs.add(pair)
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._pass_on, args=(source, sink, pair), daemon=True).start()

    def _pass_on(self, source, sink, pair):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.flows.wait()
                sink.sendall(data)
        with self.lock:
            self.pairs.discard(pair)
        for end in pair:
            _end(end)


def _end(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
