import os

from bottle import route, run


@route("/")
def hello():
    instance = os.environ.get("CF_INSTANCE_INDEX", "0")
    return f"Hello from Python on Rivera: instance {instance}\n"


run(host="0.0.0.0", port=int(os.environ.get("PORT", "8080")))
