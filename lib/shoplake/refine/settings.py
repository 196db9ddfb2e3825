"""Every threshold of the cleaning, with its default and the reason for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from shoplake.refine.pseudonym import Secret


@dataclass(frozen=True)
class BotThresholds:
    """When a session counts as a machine's; actions are all events but impressions.

    Attributes:
        actions_per_minute: views and clicks per minute, averaged over the session (a session
            shorter than a minute counts as one minute). A reader needs more than a second a page.
        actions_per_session: actions in one session, however slow.
        user_agent: pattern of user agents that say they are machines (Java regex, any case).
    """

    actions_per_minute: float = 60.0
    actions_per_session: int = 300
    user_agent: str = r"(?i)bot\b|crawl|spider|slurp|headless|curl/|python-requests"


@dataclass(frozen=True)
class RefineSettings:
    """What bronze to silver can be told; one value for all shops.

    Attributes:
        pseudonym_key: secret key of the pseudonyms; another key gives other person keys.
        session_gap_minutes: silence that ends a session when the shop sends no session id
            (30 minutes is the convention of web analytics).
        bots: thresholds of `is_bot`.
        outlier_z: modified z-score above which a quantity is an outlier (3.5: Iglewicz and
            Hoaglin 1993).
        outlier_min_lines: an item with fewer sale lines is judged by its shop's quantities.
        text_length: longest `silver.products.text`, in characters.
        least_confidence: links of identities that the shop is less sure of join nobody: a wrong
            one shows a person what another one did.
        most_per_key: a key that more identities go by joins nobody: it is a till's own card, or
            what a form had for "none". A household's card has fewer.
    """

    pseudonym_key: Secret
    session_gap_minutes: int = 30
    bots: BotThresholds = field(default_factory=BotThresholds)
    outlier_z: float = 3.5
    outlier_min_lines: int = 10
    text_length: int = 200
    least_confidence: float = 0.9
    most_per_key: int = 20
