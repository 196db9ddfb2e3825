"""Open Bandit: policies estimated from another policy's log, beside what they really earned."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import UNREADABLE, Figure, Findings, required
from shoplake.evaluate.intervals import Interval, bootstrap_mean
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.offpolicy import ESTIMATORS, Floats, Log, effective_rounds, estimate

POLICIES = ("random", "bts")
_FOLDS = 5
_NAIVE = "the log's own rate"
_TRUTH = "truth (it was run)"


@dataclass(frozen=True)
class Campaign:
    """The log of one policy, with what is known of who saw it.

    Attributes:
        log: the rounds.
        people: [n, U] codes of user features.
        affinity: [n, A] of the user to each item.
        actions: A.
    """

    log: Log
    people: np.ndarray
    affinity: np.ndarray
    actions: int

    def policy(self) -> Floats:
        """The mean probability [places, A] with which this policy showed each item in each place.

        Exact for a policy that does not look at the person, as both of these.
        """
        log = self.log
        places = int(log.place.max()) + 1
        total = np.zeros((places, self.actions))
        shown = np.zeros((places, self.actions))
        np.add.at(total, (log.place, log.action), log.propensity)
        np.add.at(shown, (log.place, log.action), 1)
        mean = total / np.maximum(shown, 1)
        return np.asarray(mean / mean.sum(axis=1, keepdims=True))


def load_bandit(folder: Path) -> dict[str, Campaign]:
    """Both policies' logs of the first campaign that both folders have.

    Raises:
        EvaluationError: a folder or a column is missing, or the logs share no campaign.
    """
    required(folder, *POLICIES)
    files = {
        p: {f.name: f for f in (folder / p).glob("*.csv*") if "item_context" not in f.name}
        for p in POLICIES
    }
    shared = sorted(set(files["random"]) & set(files["bts"]))
    if not shared:
        raise EvaluationError(
            "the two policies have no campaign in common",
            where=", ".join(f"{p}: {', '.join(files[p]) or 'nothing'}" for p in POLICIES),
            remedy="give random/<campaign>.csv.gz and bts/<campaign>.csv.gz",
        )
    tables = {p: _rounds(files[p][shared[0]]) for p in POLICIES}
    needed = {"item_id", "position", "click", "propensity_score", "timestamp"}
    for policy, table in tables.items():
        if missing := needed - set(table.columns):
            raise EvaluationError(
                f"no column {', '.join(sorted(missing))}", where=str(files[policy][shared[0]])
            )
    actions = 1 + max(int(t["item_id"].max()) for t in tables.values())
    users = [c for c in tables["random"] if str(c).startswith("user_feature")]
    both = pd.concat([t[users] for t in tables.values()])
    values = {c: {v: i for i, v in enumerate(sorted(both[c].astype(str).unique()))} for c in users}
    places = sorted(set().union(*(t["position"].unique() for t in tables.values())))
    return {p: _campaign(t, users, values, places, actions) for p, t in tables.items()}


def _rounds(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except UNREADABLE as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None


def _campaign(
    table: pd.DataFrame,
    users: list[str],
    values: dict[str, dict[str, int]],
    places: list[int],
    actions: int,
) -> Campaign:
    table = table.sort_values("timestamp", kind="stable")
    affinity = [f"user-item_affinity_{i}" for i in range(actions)]
    log = Log(
        table["item_id"].to_numpy(np.int64),
        np.searchsorted(places, table["position"]),
        table["click"].to_numpy(float),
        table["propensity_score"].to_numpy(float),
    )
    people = np.stack([table[c].astype(str).map(values[c]) for c in users], axis=1)
    return Campaign(log, people, table.reindex(columns=affinity).fillna(0).to_numpy(), actions)


def expected_clicks(campaign: Campaign, seed: int) -> Floats:
    """Click probability of every item in every round [n, A], of a model that has not seen it.

    Logistic regression on item, place, user features and affinity, cross-fitted in 5 folds
    (Chernozhukov et al., "Double/debiased machine learning", 2018).
    """
    log = campaign.log
    n = len(log.action)
    fold = np.random.default_rng(seed).permutation(n) % _FOLDS
    found = np.zeros((n, campaign.actions))
    for k in range(_FOLDS):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        found[test] = _click_model(campaign, train)(test)
    return found


def _click_model(campaign: Campaign, train: np.ndarray):  # type: ignore[no-untyped-def]
    """Learns on rounds `train`; returns a function of rounds to probabilities [m, A]."""
    from sklearn.linear_model import LogisticRegression

    log, actions = campaign.log, campaign.actions
    sizes = campaign.people.max(axis=0) + 1
    places = int(log.place.max()) + 1

    def shared(rows: np.ndarray) -> Floats:
        parts = [np.eye(places)[log.place[rows]]]
        parts += [np.eye(size)[campaign.people[rows, i]] for i, size in enumerate(sizes)]
        return np.concatenate(parts, axis=1)

    own = campaign.affinity[np.arange(len(log.action)), log.action]
    x = np.concatenate(
        [shared(train), np.eye(actions)[log.action[train]], own[train, None]], axis=1
    )
    clicked = log.reward[train] > 0
    if not 0 < clicked.sum() < len(clicked):
        rate = float(clicked.mean())
        return lambda rows: np.full((len(rows), actions), rate)
    model = LogisticRegression(C=0.1, max_iter=500).fit(x, clicked)
    weights, width = model.coef_[0], x.shape[1] - actions - 1

    def predict(rows: np.ndarray) -> Floats:
        logit = (shared(rows) @ weights[:width])[:, None] + weights[width:-1][None]
        logit = logit + campaign.affinity[rows] * weights[-1] + model.intercept_[0]
        return np.asarray(1 / (1 + np.exp(-logit)))

    return predict


def learnt_policy(campaign: Campaign, clicks: Floats, *, sharpness: float = 1.0) -> Floats:
    """A new policy [n, A]: items in proportion to their expected clicks to a power.

    `clicks` is cross-fitted, so no round decides what is shown in it.
    """
    raised = clicks**sharpness
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def judge_bandit(folder: Path, *, seed: int) -> Findings:
    """Each policy estimated from the other's log, and a learnt policy from the random one's."""
    campaigns = load_bandit(folder)
    figures: dict[str, dict[str, Figure]] = {name: {} for name in (_TRUTH, _NAIVE, *ESTIMATORS)}
    errors: dict[str, list[float]] = {}
    rounds: dict[str, str] = {}
    clicks = {p: expected_clicks(c, seed) for p, c in campaigns.items()}
    for target, source in (("bts", "random"), ("random", "bts")):
        truth = bootstrap_mean(campaigns[target].log.reward, seed=seed)
        log, policy = campaigns[source].log, campaigns[target].policy()
        found = estimate(log, policy, clicks[source], seed=seed)
        found[_NAIVE] = bootstrap_mean(log.reward, seed=seed)
        name = f"{target} from {source}"
        figures[_TRUTH][name] = _figure(truth)
        for estimator, value in found.items():
            figures[estimator][name] = _figure(value)
            error = abs(value.value - truth.value) / max(truth.value, 1e-9)
            errors.setdefault(estimator, []).append(error)
        rounds[name] = f"{effective_rounds(log, policy):,.0f} of {len(log.action):,}"
    for estimator, pair in errors.items():
        figures[estimator]["relative_error"] = Figure(float(np.mean(pair)))
    random = campaigns["random"]
    for name, sharpness in (("learnt policy", 1.0), ("sharp learnt policy", 4.0)):
        policy = learnt_policy(random, clicks["random"], sharpness=sharpness)
        found = estimate(random.log, policy, clicks["random"], seed=seed)
        for estimator in ESTIMATORS:
            figures[estimator][name] = _figure(found[estimator])
        rounds[name] = f"{effective_rounds(random.log, policy):,.0f} of {len(random.log.action):,}"
    counted = {p: int(c.log.reward.sum()) for p, c in campaigns.items()}
    return Findings(
        "ads",
        {
            "layout": "open_bandit",
            "split": "cross-fitted in 5 folds; a policy is judged on the other policy's own log",
            "unit": "clicks an impression",
            "interval": "95% percentile bootstrap over rounds, 1,000 resamples",
            "clicks": counted,
            "effective rounds": rounds,
        },
        figures,
        [_NAIVE],
        "DR",
        "relative_error",
        _notes(figures, counted),
    )


def _figure(interval: Interval) -> Figure:
    return Figure(interval.value, interval.low, interval.high)


def _notes(figures: dict[str, dict[str, Figure]], counted: dict[str, int]) -> list[str]:
    truth = figures[_TRUTH]
    wide = [
        f"{name}: {100 * (f.high - f.low) / (2 * f.value):.0f}%"
        for name, f in truth.items()
        if f.low is not None and f.high is not None and f.value
    ]
    return [
        "relative_error: mean of both directions; smaller is better, and no estimator can be told "
        f"from the truth more finely than the truth's own half interval ({', '.join(wide)}; "
        f"{sum(counted.values())} clicks in all)",
        "champion: DR by design, not by this error: with one log there is no truth to choose by",
        "uplift: every impression shows an item, none shows nothing, so that an item's effect "
        "against no advertisement cannot be had; policies are compared with each other",
    ]
