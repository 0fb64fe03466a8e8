"""Pages in a real browser, over engines that lived through a fault in virtual time."""
