"""Flask: request.form, or request.get_json() where the type says JSON."""

from flask import Flask, request

from report import report

app = Flask(__name__)
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def answer(handler, *fields):
    return handler + "\n", report("flask", request.headers.get, handler, *fields), {"X-Lab-Handler": handler}


@app.route("/account/login", methods=ANY)
def login():
    data = request.get_json(silent=True) if request.is_json else request.form
    if not hasattr(data, "get"):
        data = {}
    return answer("login", data.get("user"), data.get("pass"))


@app.route("/account/basic", methods=ANY)
def basic():
    given = request.authorization
    if given is None or given.type != "basic":
        return answer("login")
    return answer("login", given.username, given.password)


@app.route("/", defaults={"path": ""}, methods=ANY)
@app.route("/<path:path>", methods=ANY)
def other(path):
    return answer("other")
