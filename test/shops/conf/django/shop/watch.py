"""Writes down what Django was asked, and which passwords it checked, in the
lines that conf/watch-request.php and conf/watch-login.php write."""

import hashlib
import json
import os

from django.contrib.auth import signals
from django.dispatch import receiver

LOG = os.open(os.environ["SHOPS_WATCH"], os.O_WRONLY | os.O_APPEND)


def write(request, **line):
    line["case"] = request.headers.get("X-Shops-Case", "") if request else ""
    os.write(LOG, (json.dumps(line) + "\n").encode())  # one write, one line


def Watch(get_response):
    def watch(request):
        body = request.body
        write(
            request,
            kind="request",
            method=request.method,
            uri=request.get_full_path(),
            bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            account=request.COOKIES.get("sessionid", "")[:4],
        )
        response = get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            # Django took the sender for somebody, or has just signed him in.
            write(request, kind="known", account=user.get_username(), uri=request.get_full_path())
        return response

    return watch


@receiver(signals.user_logged_in)
def right(sender, request, user, **_):
    write(request, kind="login", account=user.get_username(), right=True)


@receiver(signals.user_login_failed)
def wrong(sender, credentials, request=None, **_):
    write(request, kind="login", account=credentials.get("username") or "", right=False)
