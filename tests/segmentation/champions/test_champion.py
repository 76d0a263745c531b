import json

import pytest

from segmentation.champions.champion import Entrant, choose_champion
from segmentation.champions.champion_card import Order, read_card
from segmentation.champions.champion_rule import ChampionRule
from segmentation.evaluation.evaluated import EVALUATION_FILE
from segmentation.model_folder import weights_digest
from segmentation.speed.measured_speed import MeasuredSpeed
from tests.segmentation.factories_evaluation import DATA, write_judged_model
from tests.segmentation.factories_model import write_untrained

pytestmark = pytest.mark.usefixtures("coarse_pictures")

#: Hits of 100 human pixels on each of 20 images.
PLAIN = [40 + place for place in range(20)]
BETTER = [hits + 6 for hits in PLAIN]
#: As good on average as ``PLAIN``, a little better even, but not on every image.
LUCKY = [hits + (21 if place % 2 else -19) for place, hits in enumerate(PLAIN)]


@pytest.fixture
def entrants():
    return {}


@pytest.fixture
def enter(tmp_path, entrants):
    """Enter a model; every name has weights of its own."""

    def add(name, hits, **other):
        seed = 1.0 + len(entrants)
        more = {key: other.pop(key) for key in ("warning", "barred", "speed") if key in other}
        model, evaluation = write_judged_model(tmp_path / name, hits, seed=seed, **other)
        entrants[name] = Entrant(model=model, evaluation=evaluation, **more)
        return entrants[name]

    return add


@pytest.fixture
def decide(tmp_path, entrants):
    """One decision after the other; each champion is the present one of the next."""
    done = []

    def run(**other):
        out = tmp_path / f"champion-{len(done)}"
        out.mkdir(exist_ok=True)
        if "present" not in other and done:
            other["present"] = Entrant(model=done[-1], evaluation=done[-1])
        summary = choose_champion(entrants, out, data_digest=DATA, **other)
        done.append(out)
        return summary, out

    return run


def speed_of(images_per_s):
    return MeasuredSpeed(
        images_per_s=images_per_s,
        latency_p50_ms=1_000 / images_per_s,
        how="cpu, openvino, float32, 512 x 512",
    )


def test_the_first_champion_is_the_best_without_a_contest(enter, decide):
    enter("plain", PLAIN)
    best = enter("better", BETTER, width=3)
    summary, out = decide()
    assert (summary.architecture, summary.action) == ("better", "promoted")
    assert summary.score == pytest.approx(0.555)
    assert weights_digest(out) == weights_digest(best.model)
    card = read_card(out)
    assert card["candidates"] == pytest.approx({"better": 0.555, "plain": 0.495})
    assert "first champion, without a contest" in card["why"]


def test_a_surely_better_candidate_is_promoted_with_its_interval(enter, decide):
    enter("plain", PLAIN)
    decide()
    enter("better", BETTER)
    summary, out = decide()
    assert (summary.architecture, summary.action) == ("better", "promoted")
    (contest,) = read_card(out)["contests"]
    assert contest["candidate"] == "better"
    assert contest["wins"]
    assert contest["low"] == pytest.approx(0.06)
    assert "better by 6.00 points" in summary.why
    assert "95 % interval of the gain +6.00 to +6.00 over 21 images" in summary.why


def test_a_candidate_that_is_surely_worse_is_called_so(enter, decide):
    enter("plain", BETTER)
    decide()
    enter("worse", PLAIN)
    summary, out = decide()
    assert summary.architecture == "plain"
    why = read_card(out)["contests"][0]["why"]
    assert "iou worse by 6.00 points" in why
    assert "-6.00 to -6.00 over 21 images: surely worse" in why


def test_a_candidate_that_is_better_by_luck_is_refused_and_the_card_says_why(enter, decide):
    kept = enter("plain", PLAIN)
    decide()
    enter("lucky", LUCKY)
    summary, out = decide()
    assert (summary.architecture, summary.action) == ("plain", "kept")
    assert summary.candidates["lucky"] > summary.candidates["plain"]
    assert weights_digest(out) == weights_digest(kept.model)
    card = read_card(out)
    (contest,) = card["contests"]
    assert contest["low"] < 0 < contest["difference"]
    assert "not surely better" in card["why"]
    assert "first champion" in card["promoted_because"]


def test_when_nothing_happened_the_champion_is_the_same_to_the_byte(enter, decide):
    enter("plain", PLAIN)
    _, first = decide()
    _, second = decide()
    enter("lucky", LUCKY)
    _, third = decide()
    _, fourth = decide()
    for one, other in ((first, second), (third, fourth)):
        files = sorted(path.name for path in one.iterdir())
        assert files == sorted(path.name for path in other.iterdir())
        assert all((one / name).read_bytes() == (other / name).read_bytes() for name in files)
    assert (second / "champion.json").read_bytes() != (third / "champion.json").read_bytes()


def test_an_improvement_below_the_wanted_one_is_refused(enter, decide):
    enter("plain", PLAIN)
    decide()
    enter("better", BETTER)
    summary, _ = decide(rule=ChampionRule(min_improvement=0.1))
    assert summary.action == "kept"
    assert "surely better, but 10 points are asked for" in summary.why
    assert decide(rule=ChampionRule(min_improvement=0.05))[0].action == "promoted"


def test_a_failed_check_keeps_a_candidate_from_the_throne_but_not_from_an_empty_one(enter, decide):
    enter("plain", PLAIN, warning="loss_went_down does not hold")
    assert decide()[0].architecture == "plain"
    enter("better", BETTER, warning="loss_went_down does not hold: 2 at the end")
    summary, out = decide()
    assert summary.action == "kept"
    assert "2 at the end" in read_card(out)["left_out"]["better"]


def test_what_a_person_does_not_want_is_never_promoted_by_the_rule(enter, decide):
    enter("better", BETTER, barred="rolled back by Ann")
    enter("plain", PLAIN)
    summary, _ = decide()
    assert summary.architecture == "plain"
    assert summary.left_out == {"better": "rolled back by Ann"}


def test_a_speed_floor_leaves_out_the_slow_and_the_unmeasured(enter, decide):
    enter("slow", BETTER, speed=speed_of(4.0))
    enter("fast", PLAIN, speed=speed_of(40.0))
    enter("unknown", BETTER)
    summary, _ = decide(rule=ChampionRule(min_fps=10.0))
    assert summary.architecture == "fast"
    assert summary.left_out["slow"].startswith("4.0 images/s (cpu, openvino, float32, 512 x 512)")
    assert "not measured" in summary.left_out["unknown"]


def test_less_error_wins_where_the_rule_asks_for_it(enter, decide):
    enter("loud", BETTER, empty_false=300)
    enter("calm", PLAIN, empty_false=10)
    summary, _ = decide(rule=ChampionRule(metric="empty_false_px_share"))
    assert summary.architecture == "calm"


def test_of_equals_the_quieter_then_the_smaller_wins(enter, decide):
    enter("loud", PLAIN, empty_false=0, width=2)
    enter("large", PLAIN, width=4)
    enter("small", PLAIN, width=2)
    assert decide()[0].architecture == "loud"


def test_an_order_is_followed_only_when_the_rule_agrees(enter, decide):
    enter("plain", PLAIN)
    decide()
    enter("lucky", LUCKY)
    with pytest.raises(ValueError, match=r"lucky is not promoted: .*not surely better"):
        decide(order=Order(name="lucky", by="Ann"))
    enter("better", BETTER)
    summary, _ = decide(order=Order(name="better", by="Ann"))
    assert (summary.architecture, summary.action) == ("better", "promoted")


def test_force_overrules_the_rule_and_names_who_and_why(enter, decide):
    enter("plain", PLAIN)
    decide()
    enter("lucky", LUCKY, barred="rolled back", warning="a check")
    order = Order(name="lucky", by="Ann", why="better at night", force=True)
    summary, out = decide(order=order)
    assert (summary.architecture, summary.action) == ("lucky", "forced")
    card = read_card(out)
    assert card["forced_by"] == "Ann"
    assert card["why"].startswith("forced by Ann: better at night")
    assert not card["contests"][0]["wins"]


def test_force_needs_a_reason_and_an_evaluation(enter, decide):
    with pytest.raises(ValueError, match="forced without a reason"):
        Order(name="plain", by="Ann", force=True, why=" ")
    enter("plain", PLAIN)
    enter("old", BETTER, data="e" * 64)
    force = {"by": "Ann", "why": "I like it", "force": True}
    with pytest.raises(ValueError, match=r"old is not promoted: .*another test split"):
        decide(order=Order(name="old", **force))
    with pytest.raises(ValueError, match=r"lost was never evaluated; evaluated: old, plain"):
        decide(order=Order(name="lost", **force))


def test_nothing_to_promote_is_an_error(enter, decide):
    with pytest.raises(ValueError, match="0 evaluated"):
        decide()
    enter("nobody", [])
    with pytest.raises(ValueError, match="has people in it"):
        decide(rule=ChampionRule(metric="recall"))


def test_weights_that_nobody_evaluated_are_left_out(enter, decide):
    enter("judged", PLAIN)
    write_untrained(enter("retrained", BETTER).model, bias=5.5)
    summary, _ = decide()
    assert summary.candidates == {"judged": pytest.approx(0.495)}
    assert summary.left_out == {"retrained": "trained again since it was evaluated; evaluate again"}


def test_only_what_was_measured_on_the_newest_split_is_compared(enter, decide):
    enter("new", PLAIN)
    enter("old", BETTER, data="e" * 64)
    silent = enter("silent", BETTER).evaluation / EVALUATION_FILE
    silent.write_text(json.dumps({"model_version": "m", "data_digest": DATA}))
    summary, _ = decide()
    assert summary.architecture == "new"
    assert "another test split" in summary.left_out["old"]
    assert "does not say enough" in summary.left_out["silent"]


def test_where_none_can_be_compared_the_error_says_why(enter, decide, tmp_path):
    enter("old", BETTER, data="e" * 64)
    with pytest.raises(ValueError, match=r"none of 1 can be compared \(old: .*another test split"):
        decide()
    assert not list((tmp_path / "champion-0").iterdir())


def test_a_rule_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"metric = 'beauty'; expected one of iou, dice"):
        ChampionRule(metric="beauty")
    with pytest.raises(ValueError, match="min_fps = -1"):
        ChampionRule(min_fps=-1.0)


def test_only_models_that_were_judged_with_the_steps_of_here_take_part(enter, decide):
    enter("plain", PLAIN)
    enter("refined", BETTER, steps="median_px=5")
    summary, _ = decide()
    assert summary.architecture == "plain"
    assert summary.left_out == {
        "refined": "evaluated with median_px=5 after the network instead of none; evaluate again"
    }
    summary, _ = decide(steps="median_px=5", present=None)
    assert summary.architecture == "refined"
    assert summary.left_out["plain"].startswith("evaluated with no steps after the network")
