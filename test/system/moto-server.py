"""
moto's server on a free port, which it prints. It lives in virtual time: each request says in a header by how many ms
it is ahead of the machine's clock, so that delays, visibility timeouts and retention are those of whoever asks.
"""

import datetime
import json
import sys
import threading

import moto.core.utils as core

AHEAD = "HTTP_X_WATCHBILL_AHEAD"
ACCOUNT = "HTTP_X_MOTO_ACCOUNT_ID"
TARGET = "HTTP_X_AMZ_TARGET"

request = threading.local()
machine_now = core.utcnow


def virtual_now():
    return machine_now() + datetime.timedelta(milliseconds=getattr(request, "ahead", 0))


# Before the services are imported, which take the function by its name; and in what has taken it already.
for module in list(sys.modules.values()):
    if getattr(module, "utcnow", None) is machine_now:
        module.utcnow = virtual_now

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.sqs.models import sqs_backends  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

server = DomainDispatcherApplication(create_backend_app)

# moto looks at a condition and writes in two steps, between which another thread may write.
one_write_at_a_time = threading.Lock()


def queues_of(account):
    return [queue for backend in list(sqs_backends[account].values()) for queue in backend.queues.values()]


def forget_expired(queue):
    """moto keeps what is older than its queue keeps it: each look counts as a try, and it ends with the dead letters."""
    oldest = core.unix_time_millis() - int(queue.message_retention_period) * 1000
    with queue._messages_lock:
        queue._messages[:] = [message for message in queue._messages if message.sent_timestamp > oldest]


def earliest(account):
    """When the first message of each queue that holds any can be received, epoch ms."""
    queues = queues_of(account)
    held = {queue.queue_arn: list(queue._messages) for queue in queues}
    return {
        arn: min(max(message.visible_at, message.delayed_until) for message in messages)
        for arn, messages in held.items()
        if messages
    }


def app(environ, start_response):
    request.ahead = float(environ.get(AHEAD, 0))
    for queue in queues_of(environ[ACCOUNT]) if ACCOUNT in environ else []:
        forget_expired(queue)
    if environ.get(TARGET, "").startswith("DynamoDB_"):
        with one_write_at_a_time:
            return list(server(environ, start_response))
    if environ["PATH_INFO"] != "/watchbill/earliest":
        return server(environ, start_response)
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(earliest(environ[ACCOUNT])).encode()]


# Otherwise each request is a connection and a thread of its own.
MotoRequestHandler.protocol_version = "HTTP/1.1"
listening = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
print(listening.server_port, flush=True)
listening.serve_forever()
