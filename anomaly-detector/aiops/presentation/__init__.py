"""What people and programs are shown: documents, words, numbers.

Written once, for pages, API, commands and notifications.
"""
