"""A real annotator in a process of its own: `python web_page_server.py FOLDER PORT TOKEN`.

Started by the page's tests on 127.0.0.1, killed by them, and started again on the same port, which
`kyphometer annotate` with its fresh token would not allow.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))


def main(folder: str, port: str, token: str) -> None:
    from kyphometer.store.folder.folder import FolderStore
    from kyphometer.web.reader.agreement import Agreement
    from kyphometer.web.server.annotate import HOST, local_app
    from kyphometer.web.server.process import open_socket, run
    from kyphometer.web.server.settings import WebSettings

    sock = open_socket(HOST, int(port))
    settings = WebSettings(port=sock.getsockname()[1])
    app = local_app(FolderStore(folder), "KN", settings, token, Agreement(may_assist=False))
    run(app, sock, on_ready=lambda: sys.stdout.write("ready\n") and sys.stdout.flush())


if __name__ == "__main__":
    main(*sys.argv[1:])
