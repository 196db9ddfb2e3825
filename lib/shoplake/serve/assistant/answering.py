"""A message and a door to facts become an answer with citations, or a handover to a person.

The order matters: the door is given, closed around the asking person, before the message is read.
The message chooses an intent and names things; facts come from behind the door; sentences are
filled from facts; and what cannot be traced to a cited fact is held back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from shoplake.models.assistant.entities import Entities, entities
from shoplake.models.assistant.intents import UNKNOWN, IntentModel
from shoplake.models.assistant.questions import PastAnswers
from shoplake.models.assistant.settings import AssistantConfig, Clause, Policy
from shoplake.models.assistant.tagger import Tagger
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.door import Door
from shoplake.serve.assistant.facts import Citation, Fact
from shoplake.serve.assistant.grounded import faithful, ungrounded
from shoplake.serve.assistant.replies import Reply, reply
from shoplake.serve.assistant.wording import said
from shoplake.serve.search import Searcher

#: A message is read so far.
MOST_LETTERS = 1000
REFUSED = "refused"
_ORDER = re.compile(r"\border", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What is said to a message.

    Attributes:
        text: in words, in the message's language.
        intent: what was understood; "unknown", or "refused" when it asks for what is others'.
        confidence: calibrated probability of the intent.
        citations: the rows that it stands on.
        handover: a person takes over.
        reason: why; empty without.
        state: of the dialogue, afterwards.
    """

    text: str
    intent: str
    confidence: float
    citations: tuple[Citation, ...]
    handover: bool
    reason: str
    state: State

    def to_dict(self) -> dict[str, Any]:
        """Plain enough for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Reading:
    """What a message asks for.

    Attributes:
        text: the message, as far as it is read.
        named: what it names.
        intent: what it wants, or "unknown".
        sure: calibrated probability of the intent.
    """

    text: str
    named: Entities
    intent: str
    sure: float


@dataclass(frozen=True)
class Assistant:
    """Answers messages; knows nothing about anybody.

    Attributes:
        model: of intents.
        clauses: what is done about each.
        policies: the shop's rules in words.
        config: thresholds.
        past: earlier questions with their answers, or None.
        reword: words an answer anew (a language model), or None.
        tagger: marks products in English messages, or None: the rules' words stand.
        version: names all that decides an answer but the facts, as 20 hex digits.
    """

    model: IntentModel
    clauses: Mapping[str, Clause]
    policies: Mapping[str, Policy]
    config: AssistantConfig
    past: PastAnswers | None = None
    reword: Callable[[str], str] | None = None
    tagger: Tagger | None = None
    version: str = ""

    def read(self, messages: Sequence[str]) -> list[Reading]:
        """What messages ask for, all at once; it does not matter who sent them."""
        texts = [" ".join(message[:MOST_LETTERS].split()) for message in messages]
        if not texts:
            return []
        named = self._named(texts)
        asked = [_without(text, found) for text, found in zip(texts, named, strict=True)]
        meant = self.model.read(asked)
        return [
            Reading(text, found, meant.named(row), float(meant.confidence[row]))
            for row, (text, found) in enumerate(zip(texts, named, strict=True))
        ]

    def _named(self, texts: Sequence[str]) -> list[Entities]:
        named = [entities(text) for text in texts]
        if self.tagger is None:
            return named
        # MiniLM did not learn to read Chinese.
        read = [row for row, found in enumerate(named) if not found.chinese]
        marked = self.tagger.mentions([texts[row] for row in read]) if read else []
        for row, mentions in zip(read, marked, strict=True):
            products = [texts[row][m.start : m.stop] for m in mentions if m.kind == "product"]
            named[row] = replace(named[row], products=tuple(dict.fromkeys(products)))
        return named

    def answer(
        self,
        message: str | Reading,
        door: Door,
        state: State | None = None,
        search: Searcher | None = None,
    ) -> Answer:
        """Answer one message.

        Args:
            message: what the person wrote, or what `read` made of it.
            door: what that person may be told.
            state: the dialogue so far, of the same person.
            search: over the products behind the door.
        """
        state = replace(state or State(), turns=(state or State()).turns + 1)
        read = self.read([message])[0] if isinstance(message, str) else message
        message, named = read.text, read.named
        if named.others or named.injection:
            return self._spoken(self._policy("privacy", named), REFUSED, 1.0, state)
        if not message:
            return self._handed(said("unknown", chinese=False), UNKNOWN, 0.0, "unknown", state)
        intent, sure = read.intent, read.sure
        clause = self.clauses.get(intent)
        if clause is None or sure < self.config.unsure:
            return self._otherwise(message, named, intent, sure, state)
        found = reply(intent, clause, message, named, door, state, search, self._past)
        return self._made(found, intent, sure, clause, named)

    def _made(
        self, found: Reply, intent: str, sure: float, clause: Clause, named: Entities
    ) -> Answer:
        parts, facts = list(found.sentences), list(found.facts)
        if clause.policy is not None:
            policy = self._policy(clause.policy, named)
            parts.append(policy.values["text"])
            facts.append(policy)
        handover = clause.hand_over or bool(found.hand_over)
        reason = (found.hand_over or "a person has to act") if handover else ""
        if handover:
            parts.append(said("hand_over", chinese=named.chinese))
        text = " ".join(parts)
        if ungrounded(text, (v for fact in facts for v in fact.values.values())):
            away = said("unsure", chinese=named.chinese)
            return self._handed(away, intent, sure, "not grounded", found.state, named.chinese)
        if self.reword is not None and facts:
            again = self.reword(text)
            text = again if faithful(again, text) else text
        cited = tuple(dict.fromkeys(c for fact in facts for c in fact.citations))
        return Answer(
            text, intent, sure, cited, handover, reason, replace(found.state, intent=intent)
        )

    def _otherwise(
        self, message: str, named: Entities, intent: str, sure: float, state: State
    ) -> Answer:
        """Neither known nor sure: an earlier question may fit; else a person takes over."""
        past = self._past(message)
        if past is not None:
            text = said("past", past.values, chinese=named.chinese)
            return self._spoken(replace(past, values={"text": text}), intent, sure, state)
        why = "unknown" if intent == UNKNOWN else "unsure"
        text = said(why, chinese=named.chinese)
        return self._handed(text, intent, sure, why, state, named.chinese)

    def _past(self, message: str) -> Fact | None:
        if self.past is None:
            return None
        found = self.past.best(message)
        if found is None or found.score < self.config.least_answer:
            return None
        cited = Citation(self.past.source, f"line {found.line}")
        return Fact((cited,), {"answer": found.answer.replace("“", "'").replace("”", "'")})

    def _policy(self, topic: str, named: Entities) -> Fact:
        policy = self.policies[topic]
        text = policy.zh if named.chinese else policy.en
        return Fact((Citation("conf/assistant/policies.yml", topic),), {"text": text})

    def _spoken(self, fact: Fact, intent: str, sure: float, state: State) -> Answer:
        return Answer(fact.values["text"], intent, sure, fact.citations, False, "", state)

    def _handed(
        self, text: str, intent: str, sure: float, why: str, state: State, chinese: bool = False
    ) -> Answer:
        text = f"{text} {said('hand_over', chinese=chinese)}"
        return Answer(text, intent, sure, (), True, why, state)


def _without(message: str, named: Entities) -> str:
    """The message without the numbers of orders, which say nothing of what is asked.

    One that looks like an order's says that it is about one, where no other word does.
    """
    wordless = "订单" not in message and not _ORDER.search(message)
    for number in named.numbers:
        is_order = wordless and number in named.like_orders
        if named.chinese:
            message = message.replace(number, "订单" if is_order else "")
        else:
            message = message.replace(number, " my order " if is_order else " ")
    return " ".join(message.split()) or "?"
