"""What both apps write of a request: which handler ran, and which account
and password it took."""

import base64
import json
import os
import threading

_lock = threading.Lock()


def scalars(value):
    """The texts in what a parser made of a field."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [t for v in value.values() for t in scalars(v)]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in scalars(v)]
    return [str(value)]


def encode(value):
    return [base64.b64encode(t.encode("utf-8", "surrogatepass")).decode() for t in scalars(value)]


def report(backend, header, handler, account=None, password=None):
    """Append one line to the app's log; header(name) gives a header."""
    line = json.dumps({
        "id": header("X-Lab-Id") or "", "ref": header("X-Lab-Ref") or "", "handler": handler,
        "accounts": encode(account), "passwords": encode(password),
    })
    path = os.path.join(os.environ["LAB_LOGS"], backend + ".jsonl")
    with _lock, open(path, "a", encoding="utf-8") as log:
        log.write(line + "\n")
    return 401 if handler == "login" else 200
