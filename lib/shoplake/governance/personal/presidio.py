"""Names by Presidio's model, where `engine: presidio` asks for it; its other kinds we find better.

Presidio and spaCy (both MIT) are not among our requirements; spaCy below 3.8 goes with numpy 1.26.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from shoplake.errors import SettingsError
from shoplake.governance.personal.spans import Span

INSTALL = "pip install 'presidio-analyzer>=2.2,<3' 'spacy>=3.7,<3.8'"
MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm")
"""spaCy models looked for, the best first."""


def presidio_names(text: str) -> Iterator[Span]:
    """People's names in English text.

    Raises:
        SettingsError: Presidio or a spaCy model of English is not installed.
    """
    for found in _analyzer().analyze(text=text, language="en", entities=["PERSON"]):
        yield Span("name", found.start, found.end, text[found.start : found.end])


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    model = next((m for m in MODELS if importlib.util.find_spec(m)), None)
    if model is None or importlib.util.find_spec("presidio_analyzer") is None:
        raise SettingsError(
            "conf/personal.yml asks for Presidio, which is not installed"
            if model
            else "conf/personal.yml asks for Presidio, but no spaCy model of English is installed",
            remedy=f"{INSTALL}, and one of {', '.join(MODELS)}; or set `engine: builtin`",
        )
    analyzer = importlib.import_module("presidio_analyzer")
    engines = importlib.import_module("presidio_analyzer.nlp_engine")
    configuration = {
        "nlp_engine_name": "spacy",
        "models": [{"lang_code": "en", "model_name": model}],
    }
    nlp = engines.NlpEngineProvider(nlp_configuration=configuration).create_engine()
    return analyzer.AnalyzerEngine(nlp_engine=nlp, supported_languages=["en"])
