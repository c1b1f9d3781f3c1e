"""Git repositories and plain files over HTTP, for pods of the end-to-end tests.

    /NAME/...        the repository NAME, served by git's own http-backend
    /files/PATH      the file PATH
    /healthz         200

Run as: python3 server.py FOLDER PORT
"""
import http.server
import os
import subprocess
import sys

FOLDER = sys.argv[1]
REPOSITORIES = f"{FOLDER}/repositories"
FILES = f"{FOLDER}/files"


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args):
        super().__init__(*args, directory=FOLDER)

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, [("Content-Type", "text/plain")], b"ok\n")
        elif self.path.startswith("/files/"):
            super().do_GET()
        else:
            self.git(b"")

    def do_POST(self):
        self.git(self.body())

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def git(self, body):
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            stdout=subprocess.PIPE,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": FOLDER,
                "GIT_PROJECT_ROOT": REPOSITORIES,
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "REMOTE_ADDR": self.client_address[0],
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            },
        )
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        self.answer(int(status.split()[0]), [pair for pair in headers if pair[0] != "Status"], rest)

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


os.makedirs(REPOSITORIES, exist_ok=True)
os.makedirs(FILES, exist_ok=True)
http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), Handler).serve_forever()
