"""What end-to-end tests do inside the cluster: commit, send and read messages, ask the broker's admin interface.

A request is a line of JSON on standard input, its answer a line on standard output: {"id": 1, "do": "produce", ...} is
answered by {"id": 1, "value": ...} or {"id": 1, "error": "..."}. Requests run side by side. It ends with its input.

Run as: python3 client.py FOLDER, with a first line {"serviceUrl", "adminUrl", "token"?, "caPath"?}.
"""
import concurrent.futures
import datetime
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

import pulsar

FOLDER = sys.argv[1]
IDENTITY = {
    "PATH": os.environ["PATH"],
    "HOME": FOLDER,
    "GIT_AUTHOR_NAME": "Ada Author",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Cleo Committer",
    "GIT_COMMITTER_EMAIL": "cleo@example.org",
}
SCHEMAS = {"string": pulsar.schema.StringSchema, "bytes": pulsar.schema.BytesSchema}


class Broker:
    """A Pulsar client that connects when it is first needed."""

    def __init__(self, access):
        self.access = access
        self.lock = threading.Lock()
        self.connected = None

    def client(self):
        with self.lock:
            if self.connected is None:
                token = self.access.get("token")
                ca = self.access.get("caPath")
                options = {} if ca is None else {
                    "tls_trust_certs_file_path": ca,
                    "tls_validate_hostname": True,
                }
                if token is not None:
                    options["authentication"] = pulsar.AuthenticationToken(token)
                self.connected = pulsar.Client(
                    self.access["serviceUrl"],
                    operation_timeout_seconds=120,
                    logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error),
                    **options,
                )
            return self.connected

    def commit(self, repository, files, message):
        tree = f"{FOLDER}/repositories/{repository}"
        if not os.path.isdir(f"{tree}/.git"):
            os.makedirs(tree)
            git(tree, "init", "--quiet", "--initial-branch=main")
            git(tree, "config", "uploadpack.allowFilter", "true")
            git(tree, "config", "uploadpack.allowAnySHA1InWant", "true")
            # Whoever clones it may push, as to a service of Git.
            git(tree, "config", "http.receivepack", "true")
            git(tree, "config", "receive.denyCurrentBranch", "updateInstead")
        for path, text in files.items():
            target = f"{tree}/{path}"
            if text is None:
                os.remove(target)
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8") as file:
                file.write(text)
        git(tree, "add", "--all")
        git(tree, "commit", "--quiet", "--allow-empty", "--message", message)
        return git(tree, "rev-parse", "HEAD")

    def publish(self, source, path):
        """Puts a file of the image where the HTTP server finds it."""
        target = f"{FOLDER}/files/{path}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(source, target)

    def produce(self, topic, texts, schema="string", intervalMs=0, keys=None):
        # No batches: what one acknowledgement covers is one message.
        producer = self.client().create_producer(
            topic,
            schema=SCHEMAS[schema](),
            batching_enabled=False,
            block_if_queue_full=True,
            send_timeout_millis=180_000,
        )
        failures = []

        def sent(result, _):
            if result != pulsar.Result.Ok:
                failures.append(result)

        try:
            for index, text in enumerate(texts):
                key = {} if keys is None else {"partition_key": keys[index]}
                # In order, without waiting for each: a thousand are there at once.
                producer.send_async(text if schema == "string" else text.encode(), sent, **key)
                if intervalMs > 0:
                    producer.flush()
                    time.sleep(intervalMs / 1000)
            producer.flush()
        finally:
            producer.close()
        if failures:
            raise RuntimeError(f"{len(failures)} messages were not sent: {failures[0]}")
        return len(texts)

    def read(self, topic, timeoutMs, count=0, texts=()):
        """All messages of a topic from its first on, until there are `count` of them and each of `texts` was among
        them, or the time is up."""
        deadline = time.monotonic() + timeoutMs / 1000
        # Bytes: a reader with a schema is refused where producers have none.
        reader = self.client().create_reader(topic, pulsar.MessageId.earliest)
        messages = []
        missing = set(texts)
        try:
            while (missing or len(messages) < count) and (left := deadline - time.monotonic()) > 0:
                try:
                    message = shown(reader.read_next(max(1, int(left * 1000))))
                    messages.append(message)
                    missing.discard(message["text"])
                except pulsar.Timeout:
                    break
        finally:
            reader.close()
        return messages

    def admin(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        return self.ask(method, path, None if body is None else json.dumps(body).encode(), headers)

    def upload(self, package, source):
        """Puts a file of the image into the package service; `package` as in the path of its REST interface."""
        description = {"description": "end-to-end test"}
        return self.form(f"/admin/v3/packages/{package}", ("metadata", description), ("file", source))

    def create(self, path, config, source):
        """Has a functions worker run a file of the image: `functions/public/default/NAME`, `sources/...` or `sinks/...`."""
        kind = path.split("/")[0].removesuffix("s")
        return self.form(f"/admin/v3/{path}", (f"{kind}Config", config), ("data", source))

    def form(self, path, said, sent):
        """Posts a form of a member in JSON and a file, each with its name."""
        boundary = uuid.uuid4().hex
        with open(sent[1], "rb") as file:
            content = file.read()
        name = os.path.basename(sent[1])
        body = b"".join([
            f"--{boundary}\r\n".encode(),
            f'Content-Disposition: form-data; name="{said[0]}"\r\nContent-Type: application/json\r\n\r\n'.encode(),
            json.dumps(said[1]).encode(),
            f"\r\n--{boundary}\r\n".encode(),
            f'Content-Disposition: form-data; name="{sent[0]}"; filename="{name}"\r\n'.encode(),
            b"Content-Type: application/octet-stream\r\n\r\n",
            content,
            f"\r\n--{boundary}--\r\n".encode(),
        ])
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self.ask("POST", path, body, headers)

    def ask(self, method, path, data, headers):
        token = self.access.get("token")
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = self.access["adminUrl"] + path
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        ca = self.access.get("caPath")
        context = None if ca is None else ssl.create_default_context(cafile=ca)
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                return {"status": answer.status, "text": answer.read().decode()}
        except urllib.error.HTTPError as error:
            return {"status": error.code, "text": error.read().decode()}


def shown(message):
    value = message.value()
    publish = datetime.datetime.fromtimestamp(message.publish_timestamp() / 1000, datetime.timezone.utc)
    return {
        "text": value if isinstance(value, str) else value.decode("utf-8", "replace"),
        "properties": dict(message.properties()),
        "key": message.partition_key(),
        "publishTime": publish.isoformat().replace("+00:00", "Z"),
    }


def git(folder, *args):
    done = subprocess.run(
        ["git", *args], cwd=folder, env=IDENTITY, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"git {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout.strip()


def main():
    # The client library complains on standard output, which is for answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    broker = Broker(json.loads(sys.stdin.readline()))
    output = threading.Lock()

    def answer(request):
        number = request.pop("id")
        try:
            said = {"id": number, "value": getattr(broker, request.pop("do"))(**request)}
        except Exception as error:  # the test gets it, whatever it is
            said = {"id": number, "error": f"{type(error).__name__}: {error}"}
        with output:
            print(json.dumps(said), file=answers, flush=True)

    with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
        for line in sys.stdin:
            pool.submit(answer, json.loads(line))
    if broker.connected is not None:
        broker.connected.close()


main()
