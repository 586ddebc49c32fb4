"""Those who hand calls in: each call has a key, and is handed in again under it until it is acknowledged, or given up
without ever knowing. Whatever was acknowledged is held against Heed afterwards."""
import http.client
import json
import random
import threading
import time

from heedbox import Http, UnixConnection

THREADS = 2


class Call:
    """One call under one key; `signal` is what its acknowledgement named."""

    def __init__(self, source, key, target, body, headers=None):
        self.source, self.key, self.target, self.body, self.headers = source, key, target, body, headers or {}
        self.signal, self.attempts = "", 0

    def __str__(self):
        return f"{self.key} ({json.dumps(self.body)}, {self.attempts} attempts)"


class Callers:
    def __init__(self, socket_path, seed, mentioned, intended):
        self.socket_path, self.seed = socket_path, seed
        self.mentioned, self.intended = mentioned, intended
        self.calls, self.problems, self.recognized = [], [], 0
        self.lock = threading.Lock()
        self.ending, self.ended = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(THREADS)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def finish(self):
        """No new calls; those begun are handed in to their end."""
        self.ending.set()
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                self.problems.append("a call could not be handed in within 60 s of peace")

    def stop(self):
        self.ending.set()
        self.ended.set()

    def run(self, number):
        chance = random.Random(self.seed * 1000 + number)
        link = Http(lambda: UnixConnection(self.socket_path, 3))
        made = 0
        while not self.ending.is_set():
            made += 1
            call = self.make(chance, f"t{number}-{made}")
            with self.lock:
                self.calls.append(call)
            self.hand_in(link, call, chance)
            if call.signal and chance.random() < 0.1:
                self.hand_in_again(link, call, chance)
            self.ended.wait(chance.random() * 0.25)

    def make(self, chance, key):
        if chance.random() < 0.65:
            action = chance.choice(("buy", "buy", "buy", "buy", "sell", "sell", "sell", "avoid", "hold"))
            body = {"symbol": chance.choice(self.mentioned), "action": action, "conviction": 1, "external_id": key}
            return Call("inbox", key, "/api/v1/mentions", body)
        return Call("api", key, "/api/v1/intents", self.intent(chance), {"Idempotency-Key": key})

    def intent(self, chance):
        action = chance.choice(("OPEN", "OPEN", "OPEN", "CLOSE", "REDUCE", "REVERSE", "TARGET", "MODIFY_PROTECTION"))
        body = {"account": "paper", "strategy": "mentions", "action": action, "symbol": chance.choice(self.intended)}
        protection = {"stop": {"percent": str(chance.randrange(4, 9))}, "target": {"percent": str(chance.randrange(5, 15))}}
        if action in ("OPEN", "REVERSE"):
            body |= {"side": chance.choice(("buy", "sell")), "protection": protection,
                     "size": {"kind": "quantity", "value": str(chance.randrange(1, 20))}}
            if chance.random() < 0.3:
                body["scale_in"] = "average"
        elif action == "REDUCE":
            body["size"] = {"kind": "quantity", "value": str(chance.randrange(1, 8))}
        elif action == "TARGET":
            body |= {"size": {"kind": "signed_target", "value": str(chance.randrange(-10, 11))}, "protection": protection}
        elif action == "MODIFY_PROTECTION":
            body["protection"] = protection
        return body

    def hand_in(self, link, call, chance):
        """Until there is an answer; one in ten callers loses patience when none comes."""
        patient = chance.random() < 0.9
        while not self.ended.is_set():
            call.attempts += 1
            answer = self.ask(link, call)
            if answer is None or answer[0] in (429, 503):
                if not patient and answer is None:
                    return
                self.ended.wait(0.02 + chance.random() * 0.05)
                continue
            call.signal = self.signal_of(call, *answer)
            return

    def ask(self, link, call):
        try:
            status, _, text = link.ask("POST", call.target, call.body, call.headers)
            return status, text
        except (OSError, http.client.HTTPException):
            return None  # whether it arrived is not known

    def signal_of(self, call, status, text):
        try:
            answer = json.loads(text)
            if status == 202 and "accepted" in answer:
                return (answer["accepted"] + answer["duplicates"])[0]["signal_id"]
            if status in (200, 202):
                return answer["signal_id"]
        except (ValueError, LookupError):
            pass
        self.problems.append(f"{call}: answered {status} {text[:300]}")
        return ""

    def hand_in_again(self, link, call, chance):
        """The same key gives the first answer; with another body, an intent is refused."""
        time.sleep(chance.random() * 0.5)
        if call.source == "api" and chance.random() < 0.3:
            other = Call(call.source, call.key, call.target, {**call.body, "correlation_id": "other"}, call.headers)
            answer = self.ask(link, other)
            if answer and answer[0] not in (409, 429, 503):
                self.problems.append(f"{other}: another body under a used key was answered {answer[0]} {answer[1][:300]}")
            return
        answer = self.ask(link, call)
        if answer is None or answer[0] in (429, 503):
            return
        signal = self.signal_of(call, *answer)
        if signal != call.signal:
            self.problems.append(f"{call}: acknowledged as {call.signal}, and handed in again as {signal}")
        else:
            self.recognized += 1
