"""What people write into a post-mortem, after the form of Google's SRE book (Appendix D, Example Postmortem)."""

from typing import Final

from aiops.presentation.documents.post_mortem import PostMortemQuestions

QUESTIONS: Final = (
    ("Authors", ("Who wrote this, and who reviewed it?",)),
    (
        "Trigger",
        ("Which event started the trouble: a release, a setting, load, a failure of a supplier?",),
    ),
    (
        "Resolution",
        ("What ended the trouble: which step, taken by whom, and why then?",),
    ),
    (
        "Detection",
        (
            "Who noticed it first: the engine, another alert, or a customer?",
            "Could it have been noticed earlier?",
        ),
    ),
    (
        "What went well",
        ("What helped to find and to end the trouble?",),
    ),
    (
        "What went wrong",
        ("What cost time? Which information, access or runbook was missing?",),
    ),
    (
        "Where we were lucky",
        ("What would have made it worse?",),
    ),
)
"""Parts of the text, each with what to answer there."""
ACTIONS: Final = "Action items"
KINDS_OF_ACTION: Final = (
    ("prevent", "What makes sure that this cause does not come back?"),
    ("mitigate", "What makes the same trouble smaller or shorter?"),
    ("detect", "What shows it earlier?"),
    ("document", "Which runbook or document has to say it?"),
)
"""Kinds of action items, each with the question that it answers."""


def questions() -> list[PostMortemQuestions]:
    """Return the parts that people write, in their order."""
    return [
        *(PostMortemQuestions(section=name, questions=list(asked)) for name, asked in QUESTIONS),
        PostMortemQuestions(section=ACTIONS, questions=[f"{kind}: {asked}" for kind, asked in KINDS_OF_ACTION]),
    ]
