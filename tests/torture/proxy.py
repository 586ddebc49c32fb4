"""A proxy between the daemon and the exchange that understands both of their languages, and spoils them.

It reads whole requests and answers, and whole WebSocket frames, so that each fault is a definite one: whether the
exchange has carried a request out or not is known, and counted. It runs on a thread of its own. Standard library only.
"""
import asyncio
import random
import struct
import threading

# What may befall one request. The left ones never reach the exchange; the right ones are carried out.
BEFORE = ("cut_before", "too_many", "too_many_silent", "server_error", "garbage_before")
AFTER = ("delay", "swallow", "cut_after", "cut_answer", "server_error_after", "garbage_after", "empty_object",
         "sent_twice", "reset_answer")
FRAMES = ("frame_dropped", "frame_twice", "frame_late", "stream_cut")

CALM = {}
LIGHT = {kind: 0.01 for kind in BEFORE + AFTER} | {"frame_dropped": 0.05, "frame_twice": 0.05, "frame_late": 0.05}
HEAVY = {kind: 0.035 for kind in BEFORE + AFTER} | {"frame_dropped": 0.2, "frame_twice": 0.2, "frame_late": 0.15,
                                                    "stream_cut": 0.03}
LOST_ANSWERS = {"swallow": 0.25, "cut_after": 0.25}
LOST_REQUESTS = {"cut_before": 0.3, "too_many": 0.1}
DEAF = {"frame_dropped": 0.8, "stream_cut": 0.05}
PROFILES = {"calm": CALM, "light": LIGHT, "heavy": HEAVY, "lost answers": LOST_ANSWERS,
            "lost requests": LOST_REQUESTS, "deaf": DEAF}

PLAIN_ERRORS = {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
                504: "Gateway Timeout", 200: "OK"}


class Head:
    """The start line and headers of a message, as they came."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.start = lines[0].split(" ", 2)
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.headers[name.strip().lower()] = value.strip()

    @property
    def length(self):
        return int(self.headers.get("content-length", "0"))


async def read_message(reader):
    head = Head(await reader.readuntil(b"\r\n\r\n"))
    body = await reader.readexactly(head.length) if head.length else b""
    return head, body


class Proxy:
    """`profile` names the faults in force; `link` is "up", "cut" (nobody there) or "stalled" (silence)."""

    def __init__(self, upstream_port, seed):
        self.upstream_port = upstream_port
        self.chance = random.Random(seed)
        self.profile = CALM
        self.link = "up"
        self.counts = {}
        self.requests = 0
        self.frames = 0
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(started,), daemon=True)
        self.thread.start()
        started.wait()

    def run(self, started):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 22))
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.loop.call_soon(started.set)
        self.loop.run_forever()
        self.server.close()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    # --- from other threads
    def set_profile(self, name):
        self.profile = PROFILES[name]

    def set_link(self, link):
        """Going to "cut" also closes what is open."""
        def change():
            self.link = link
            if link == "cut":
                for writer in list(self.writers):
                    abort(writer)

        if link != "up":
            self.count("link " + link)
        self.loop.call_soon_threadsafe(change)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    # --- on the loop
    def count(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def draw(self, kinds):
        """One of the kinds by the profile's chances, or none."""
        left = self.chance.random()
        for kind in kinds:
            left -= self.profile.get(kind, 0)
            if left < 0:
                self.count(kind)
                return kind
        return None

    async def while_stalled(self):
        while self.link == "stalled":
            await asyncio.sleep(0.02)

    async def serve(self, reader, writer):
        upstream = None
        self.writers.add(writer)
        try:
            while True:
                head, body = await read_message(reader)
                await self.while_stalled()
                if self.link == "cut":
                    return abort(writer)
                if "websocket" in head.headers.get("upgrade", "").lower():
                    return await self.relay_socket(head, reader, writer)
                upstream = await self.answer(head, body, writer, upstream)
                if upstream is None:
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            abort(writer)
            if upstream:
                abort(upstream[1])

    async def ask(self, head, body, upstream):
        """The exchange's answer, and the connection to it. A kept one may have been closed meanwhile."""
        for fresh in ((False, True) if upstream else (True,)):
            if fresh:
                upstream = await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=1 << 22)
            try:
                upstream[1].write(head.raw + body)
                answer_head, answer_body = await read_message(upstream[0])
                return answer_head.raw + answer_body, upstream
            except (OSError, asyncio.IncompleteReadError):
                abort(upstream[1])
                # Whether it was carried out is not known: only a question may be put again.
                if fresh or head.start[0] != "GET":
                    raise
        raise OSError("no answer")

    async def answer(self, head, body, writer, upstream):
        """Puts a request to the exchange and hands its answer on, or what a fault makes of it. None: connection over."""
        self.requests += 1
        fault = None if head.start[1].startswith("/sim/") else self.draw(BEFORE + AFTER)
        if fault == "cut_before":
            return None
        if fault in BEFORE:
            writer.write(self.made_up(fault))
            await writer.drain()
            return upstream or await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=1 << 22)
        if fault == "delay" and self.chance.random() < 0.5:
            await asyncio.sleep(self.chance.random() * 0.4)
            fault = None
        answer, upstream = await self.ask(head, body, upstream)
        if fault == "sent_twice":
            _, upstream = await self.ask(head, body, upstream)
        await self.while_stalled()
        if self.link == "cut" or fault == "cut_after":
            abort(upstream[1])
            return None
        if fault == "swallow":
            abort(upstream[1])
            await asyncio.sleep(30)
            return None
        if fault == "delay":
            await asyncio.sleep(self.chance.random() * 0.4)
        if fault in ("cut_answer", "reset_answer"):
            writer.write(answer[: self.chance.randrange(len(answer))])
            await writer.drain()
            if fault == "cut_answer":
                writer.close()
            abort(upstream[1])
            return None
        writer.write(self.made_up(fault) if fault in ("server_error_after", "garbage_after", "empty_object") else answer)
        await writer.drain()
        return upstream

    def made_up(self, fault):
        more = ""
        if fault.startswith("too_many"):
            status, body = 429, b'{"code":42910000,"message":"rate limit exceeded"}'
            more = "" if fault == "too_many_silent" else "Retry-After: 0\r\n"
        elif fault.startswith("server_error"):
            status, body = self.chance.choice((500, 502, 503, 504)), b"upstream connect error"
        elif fault == "empty_object":
            status, body = 200, b"{}"
        else:
            status = 200
            body = self.chance.choice((b"<html><body>Welcome</body></html>", b"", b"null", b"[]", b'{"id":', b"\xff\xfe\x00",
                                       b'{"id":1e999}', b"[" * 2000))
        return (f"HTTP/1.1 {status} {PLAIN_ERRORS[status]}\r\n{more}Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    # --- WebSocket
    async def relay_socket(self, head, reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream_port, limit=1 << 22)
        self.writers.add(up_writer)
        spared = head.start[1].startswith("/sim/")  # the clock: late news of it are news of another time
        try:
            up_writer.write(head.raw)
            answer, body = await read_message(up_reader)
            writer.write(answer.raw + body)
            await writer.drain()
            down = asyncio.ensure_future(self.relay_down(up_reader, writer, spared))
            up = asyncio.ensure_future(self.relay_up(reader, up_writer))
            _, pending = await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(down, up, return_exceptions=True)
        finally:
            self.writers.discard(up_writer)
            abort(up_writer)

    async def relay_up(self, reader, up_writer):
        while data := await reader.read(65536):
            await self.while_stalled()
            up_writer.write(data)
            await up_writer.drain()

    async def relay_down(self, up_reader, writer, spared):
        late = []
        while True:
            frame = await read_frame(up_reader)
            await self.while_stalled()
            fault = self.draw(FRAMES) if not spared and is_news(frame) else None
            self.frames += 0 if spared else 1
            if fault == "stream_cut":
                return
            if fault == "frame_dropped":
                continue
            if fault == "frame_late":
                late.append(frame)
                continue
            writer.write(frame)
            if fault == "frame_twice":
                writer.write(frame)
            if late and self.chance.random() < 0.5:
                writer.write(b"".join(late))
                late.clear()
            await writer.drain()


async def read_frame(reader):
    """One WebSocket frame from a server."""
    start = await reader.readexactly(2)
    length, more = start[1] & 0x7F, b""
    if length == 126:
        more = await reader.readexactly(2)
        length = struct.unpack(">H", more)[0]
    elif length == 127:
        more = await reader.readexactly(8)
        length = struct.unpack(">Q", more)[0]
    return start + more + await reader.readexactly(length)


def is_news(frame):
    """Of an order or a price. The answer to a log-in is not lost by itself, only with its connection."""
    return b'"event"' in frame or b'"T":"q"' in frame


def abort(writer):
    if writer.transport:
        writer.transport.abort()
