"""One Python process with one signed-in client, kept for a whole test as a notebook is: a line of JSON on standard
input names a step, a line of JSON on standard output tells what came of it. Whatever the client prints goes to
standard error."""

import importlib
import json
import os
import socket
import sys
import traceback

HOST, PORT = os.environ["PIERHEAD_HOST"].rsplit(":", 1)
strayed = []


def keep_to_the_server(event, arguments):
    """Nothing but the server is spoken to, whatever tries."""
    if event == "socket.connect":
        to = arguments[1]
    elif event == "socket.getaddrinfo":
        to = arguments[:2]
    elif event in ("socket.gethostbyname", "socket.sendto", "subprocess.Popen", "os.system"):
        to = arguments
    else:
        return
    if [str(part) for part in to[:2]] != [HOST, PORT]:
        strayed.append(f"{event} {to}")
        raise PermissionError(f"the client would speak to somebody else: {event} {to}")


def try_the_guard():
    for elsewhere in (("localhost", int(PORT)), (HOST, 9)):
        try:
            socket.create_connection(elsewhere).close()
        except PermissionError:
            strayed.clear()
        else:
            raise AssertionError(f"nothing kept the client from {elsewhere}")


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    sys.addaudithook(keep_to_the_server)
    try_the_guard()
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            subject, step = asked["step"].split(".")
            answer = {"ok": getattr(importlib.import_module(subject), step)(**asked["with"])}
            assert not strayed, strayed
        except BaseException:
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    # The steps find what strayed under this name.
    sys.modules["session"] = sys.modules["__main__"]
    main()
