"""The pictures of the README: pages of an engine that lived through a fault of the shop, in virtual time.

make screenshots
"""

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from bench import showing

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
FAULT: Final = "payment-errors"
SCREEN: Final = {"width": 1440, "height": 900}


def main() -> None:
    """Take the pictures. Exits with a sentence where no browser is on the PATH."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no browser is on the PATH; Debian has `chromium`")
    FOLDER.mkdir(exist_ok=True)
    with showing.lived(FAULT) as rig, sync_playwright() as playwright:
        server = make_server("127.0.0.1", 0, showing.pages(rig), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
            )
            incident = f"/incidents/{rig.incidents()[0].id}"
            for name, path, theme in (
                ("incident", incident, "light"),
                ("incident-dark", incident, "dark"),
                ("map", "/map", "light"),
                ("service", "/services/payment", "light"),
            ):
                page = browser.new_page(viewport=SCREEN, color_scheme=theme, timezone_id="UTC")  # type: ignore[arg-type]
                page.goto(f"http://127.0.0.1:{server.server_port}{path}", wait_until="load")
                page.screenshot(path=FOLDER / f"{name}.png")
                page.close()
                print(FOLDER / f"{name}.png")
            browser.close()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


if __name__ == "__main__":
    main()
