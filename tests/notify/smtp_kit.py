"""A real mail server on loopback: it talks SMTP as it is told to, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from contextlib import contextmanager

USUAL = {
    "GREETING": "220 post.example ready",
    "EHLO": "250-post.example\r\n250 AUTH PLAIN LOGIN",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "DONE": "250 taken",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


class Post:
    """What it was told: verbs in order, and mails as parsed messages."""

    def __init__(self, replies):
        self.replies = USUAL | replies
        self.verbs = []
        self.mails = []
        self.port = 0

    async def serve(self, reader, writer):
        """One connection: a verb, a reply; `GREETING` and `DONE` stand for what has no verb."""
        verb = "GREETING"
        while (reply := self.replies.get(verb, "502 what?")) is not None:
            writer.write(reply.encode() + b"\r\n")
            if verb == "DATA" and reply.startswith("354"):
                text = await reader.readuntil(b"\r\n.\r\n")
                if self.replies["DONE"].startswith("250"):
                    self.mails.append(email.message_from_bytes(text[:-5], policy=email.policy.default))
                writer.write(self.replies["DONE"].encode() + b"\r\n")
            line = await reader.readline()
            if verb == "QUIT" or not line:
                break
            verb = line.decode().split()[0].upper()
            self.verbs.append(verb)
        writer.close()  # a reply of None hangs up


@contextmanager
def posting(**replies):
    """A mail server; a reply by verb replaces the usual one, None hangs up in its place."""
    post, started = Post(replies), threading.Event()
    box = {}

    async def main():
        box.update(loop=asyncio.get_running_loop(), stop=asyncio.Event())
        async with await asyncio.start_server(post.serve, "127.0.0.1", 0) as server:
            post.port = server.sockets[0].getsockname()[1]
            started.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(main()), name="post")
    thread.start()
    try:
        assert started.wait(10)
        yield post
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(10)
