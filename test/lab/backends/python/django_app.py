"""Django: request.POST, or json.loads where the type is JSON."""

import base64
import json

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path, re_path

from report import report

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="lab", LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"], DATA_UPLOAD_MAX_MEMORY_SIZE=8 << 20,
)
django.setup()


def answer(request, handler, *fields):
    status = report("django", request.headers.get, handler, *fields)
    response = HttpResponse(handler + "\n", status=status)
    response["X-Lab-Handler"] = handler
    return response


def login(request):
    data = request.POST
    if request.content_type == "application/json":
        try:
            data = json.loads(request.body)
        except ValueError:
            data = {}
    if not hasattr(data, "get"):
        data = {}
    return answer(request, "login", data.get("user"), data.get("pass"))


def basic(request):
    # As API frameworks on Django read it.
    given = request.META.get("HTTP_AUTHORIZATION", "").encode("iso-8859-1", "replace").split()
    if len(given) != 2 or given[0].lower() != b"basic":
        return answer(request, "login")
    try:
        text = base64.b64decode(given[1])
    except ValueError:
        return answer(request, "login")
    try:
        text = text.decode("utf-8")
    except UnicodeDecodeError:
        text = text.decode("latin-1")
    account, _, password = text.partition(":")
    return answer(request, "login", account, password)


def other(request):
    return answer(request, "other")


urlpatterns = [path("account/login", login), path("account/basic", basic), re_path(r"", other)]
app = WSGIHandler()
