"""Ask every address of the command line until it answers, two minutes long; exit 1 naming those that did not."""

import sys
import time
import urllib.error
import urllib.request

waiting = sys.argv[1:]
why: dict[str, str] = {}
over = time.monotonic() + 120
while waiting and time.monotonic() < over:
    for url in list(waiting):
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - addresses of the release
        except (OSError, urllib.error.URLError) as error:
            why[url] = str(error)
        else:
            waiting.remove(url)
            sys.stdout.write(f"{url} answers\n")
    time.sleep(1)
for url in waiting:
    sys.stdout.write(f"{url} does not answer: {why.get(url, 'not asked')}\n")
sys.exit(bool(waiting))
