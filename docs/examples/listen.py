"""Listens to a room: joins by its secret, prints what plays and where, and takes part in the clock exchange.

    python3 listen.py ws://127.0.0.1:7450 0123456789abcdef0123456789abcdef --seconds 60

It drives no account and claims nothing: a listener, as docs/protocol.md calls it. Python's standard library only.
"""

import argparse
import json
import time

from tutti_wire import Closed, WebSocket, room_key, room_proof


def now_us():
    """This machine's own clock: any zero will do, it must only go on evenly."""
    return time.monotonic_ns() // 1000


class Clock:
    """The hub's clock: what must be added to this machine's, between two limits that every exchange may narrow."""

    DRIFT_PPM = 200  # two quartz clocks may drift apart so fast

    def __init__(self):
        self.least = self.most = None
        self.at = now_us()

    def learn(self, sent, hub_received, hub_replied, received):
        """The four instants of a ping: the hub's clock was not past hub_received at `sent`, nor before hub_replied at `received`."""
        least, most = hub_replied - received - 1, hub_received - sent + 1
        if self.least is not None:
            wider = (received - self.at) * self.DRIFT_PPM // 1_000_000
            known_least, known_most = self.least - wider, self.most + wider
            if least <= known_most and known_least <= most:
                least, most = max(least, known_least), min(most, known_most)
        self.least, self.most, self.at = least, most, received

    def ahead_us(self):
        return (self.least + self.most) // 2

    def bound_us(self):
        return (self.most - self.least + 1) // 2

    def room_us(self):
        return now_us() + self.ahead_us()


class Listener:
    def __init__(self, address, secret, name):
        self.socket = WebSocket(address)
        self.clock = Clock()
        self.names = {}
        self.room = None
        key = room_key(secret)
        challenge = self.expect("challenge")
        proof = room_proof(key, bytes.fromhex(challenge["nonce"]))
        self.say(type="hello", version=1, room=key.public.hex(), proof=proof.hex(), name=name, device="listen.py")
        welcome = self.expect("welcome")
        self.beat_s = welcome["limits"]["beat_ms"] / 1000
        print(f"member {welcome['member']} of a room with {len(welcome['members']['list'])}", flush=True)
        self.members(welcome["members"])
        self.burst = 8  # exchanges of clocks close together at first, then one each beat
        self.ping_at = time.monotonic()
        self.room = welcome["room"]

    def say(self, **message):
        self.socket.send(json.dumps(message))

    def expect(self, kind):
        while True:
            received = self.socket.receive(10)
            if received is None:
                raise Closed(f"no {kind} came")
            message = json.loads(received[0])
            if message["type"] == "error":
                raise Closed(f"{message['code']} {message.get('message', '')}")
            if message["type"] == kind:
                return message

    def listen(self, seconds):
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if now >= self.ping_at:
                self.say(type="ping", sent_us=now_us())
                self.burst = max(0, self.burst - 1)
                self.ping_at = now + (0.075 if self.burst else self.beat_s)
            received = self.socket.receive(min(self.ping_at, end) - now)
            if received is not None:
                text, at = received
                self.hear(json.loads(text), int(at * 1_000_000))
        self.say(type="bye")
        self.socket.close()

    def hear(self, message, at_us):
        kind = message["type"]
        if kind == "pong":
            self.clock.learn(message["sent_us"], message["received_us"], message["replied_us"], at_us)
            if self.burst == 0:
                print(f"clock: known to {self.clock.bound_us()} us", flush=True)
                self.show()
        elif kind == "room":
            self.room = message
            self.show()
        elif kind == "members":
            self.members(message)
        elif kind == "error":
            print(f"error: {message['code']} {message.get('message', '')}", flush=True)
        elif kind == "leaving":
            raise Closed(f"the hub ends: be back within {message['within_ms']} ms")
        # standings, and what later versions add, are passed over

    def members(self, members):
        self.names = {member["id"]: member["name"] for member in members["list"]}
        print("here: " + ", ".join(self.names.values()), flush=True)

    def show(self):
        playback = self.room and self.room["playback"]
        if not playback or self.clock.least is None:
            return
        item, position = playback["item"], playback["position_us"]
        if playback["playing"]:
            passed = self.clock.room_us() - playback["at_us"]
            position += passed * playback.get("speed_ppm", 1_000_000) // 1_000_000
        position = max(0, min(position, item["duration_us"])) / 1_000_000
        state = "plays" if playback["playing"] else "paused"
        leader = self.names.get(self.room["leader"], "nobody")
        print(f"{state}: {item['title']} by {item['by']} at {position:.3f} s; {leader} leads", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Listens to a room of Tutti.")
    parser.add_argument("address", help="ws://HOST:PORT or wss://HOST:PORT")
    parser.add_argument("secret", help="the 32 hexadecimal digits of an invite")
    parser.add_argument("--name", default="Listener")
    parser.add_argument("--seconds", type=float, default=3600.0)
    args = parser.parse_args()
    try:
        Listener(args.address, bytes.fromhex(args.secret), args.name).listen(args.seconds)
    except (Closed, OSError) as error:
        raise SystemExit(f"over: {error}")


if __name__ == "__main__":
    main()
