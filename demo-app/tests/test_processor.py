"""The card processor answers, refuses, and answers again where it was."""

import requests

from aiops.testing.waiting import until
from shop.processor import Processor


def test_it_refuses_while_it_is_told_to() -> None:
    refusing = False
    processor = Processor(lambda: refusing)
    processor.start()

    def refuses() -> bool:
        try:
            return not requests.post(f"{processor.url}/authorize", timeout=5)
        except requests.ConnectionError:
            return True

    assert requests.post(f"{processor.url}/authorize", timeout=5).status_code == 204
    refusing = True
    until(refuses)
    refusing = False
    until(lambda: not refuses())
