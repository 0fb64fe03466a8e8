"""Post-mortems: what is known of an incident, gathered for those who write down what was learned."""

from aiops.service.post_mortem.reading import PostMortemService

__all__ = ["PostMortemService"]
