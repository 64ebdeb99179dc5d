from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.faults import BadField
from engine.models import ModelFacts
from engine.parameters import FIELDS, Fed, check, freeze, imported, parse, resolve
from engine.recipe import Input, ModelDigest, PixelDigest, Recipe, RecipeKey, Scheduler
from tests.engine.strategies import JSON

FACTS = ModelFacts(
    digest=ModelDigest("ab" * 32),
    name="starter-v1",
    pipeline="StableDiffusionPipeline",
    bytes=20_000_000,
    operations=("text-to-image", "image-to-image"),
    scheduler=Scheduler("DPMSolverMultistepScheduler", {"beta_end": 0.012, "steps_offset": 1}),
    width=96,
    height=56,
    multiple=8,
    steps={"low": 10, "standard": 20, "high": 30},
    guidance=5.0,
    strength=0.8,
    dtype="float32",
    licence="Apache-2.0",
    source="",
    draws="",
    files={},
)
FLOW = replace(FACTS, name="flow", scheduler=Scheduler("FlowMatchEulerDiscreteScheduler", {"shift": 3}))
KEYS = [RecipeKey(f"{place:064x}") for place in range(5)]


def fed(role: str, fragment: str = "", key: int = 0) -> Fed:
    return Fed(role, KEYS[key], None, fragment)


def frozen(
    parameters: dict[str, Any], *inputs: Fed, facts: ModelFacts = FACTS, tier: str = "standard"
) -> Recipe:
    return freeze(resolve({"seed": 1, **parameters}, tier, facts), facts, inputs)


def test_assignments_are_typed() -> None:
    given = [
        "steps=12",
        "prompt=a = b, red",
        "guidance=7",
        "seed=18446744073709551615",
        "scheduler=DPM++",
        "strength=",
    ]
    assert parse(given) == {
        "steps": 12,
        "prompt": "a = b, red",
        "guidance": 7.0,
        "seed": 2**64 - 1,
        "scheduler": "DPMSolverMultistepScheduler",
        "strength": None,
    }
    assert parse([]) == {}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("steps", "steps=12"),
        ("=5", "a field without a name"),
        ("stepz=5", "did you mean steps?"),
        ("tier=low", "--tier"),
        ("steps=twelve", "steps cannot be 'twelve'"),
        ("steps=7.5", "a whole number from 1 to 1000"),
        ("steps=0", "from 1 to 1000"),
        ("steps=" + "9" * 5000, "from 1 to 1000"),
        ("steps=\u0664\u0662x", "whole number"),
        ("guidance=nan", "guidance cannot be nan"),
        ("guidance=inf", "from 0 to 100"),
        ("guidance=1e400", "from 0 to 100"),
        ("seed=-1", "from 0 to 18446744073709551615"),
        ("seed=18446744073709551616", "seed"),
        ("seed=1e3", "seed"),
        ("width=20000", "from 8 to 16384"),
        ("strength=1.5", "from 0.01 to 1"),
        ("scheduler=magic", "euler-a"),
        ("dtype=int8", "bfloat16"),
        ("prompt=" + "x" * 8001, "at most 8,000 characters; these are 8,001"),
        ("prompt=a\0b", "U+0000"),
        ("prompt=a\x1b[31m", "U+001B"),
        ("prompt=a\x85b", "U+0085"),
        ("prompt=\udcff", "UTF-8"),
        ("salt=a\nb", "U+000A"),
        ("model=" + "m" * 201, "at most 200"),
    ],
)
def test_what_cannot_be_meant_is_refused(assignment: str, said: str) -> None:
    with pytest.raises(BadField) as caught:
        parse([assignment])
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_prompt_of_100_kilobytes_is_refused_in_one_short_line() -> None:
    with pytest.raises(BadField) as caught:
        check({"prompt": "tower " * 17_000})
    assert len(str(caught.value)) < 300


def test_a_field_is_given_once() -> None:
    with pytest.raises(BadField, match="twice"):
        parse(["steps=1", "steps=2"])


def test_prompts_may_have_lines_and_accents() -> None:
    assert check({"prompt": "a cafe\u0301\n\tat noon"}) == {"prompt": "a caf\u00e9\n\tat noon"}


@given(st.sampled_from(sorted(FIELDS)), JSON | st.binary() | st.floats())
def test_values_of_any_type_are_read_or_refused_by_name(name: str, value: object) -> None:
    fault: BadField | None = None
    try:
        once = check({name: value})
        assert check(once) == once
    except BadField as error:
        fault = error
    assert fault is None or fault.field == name


@pytest.mark.parametrize("value", [None, 5, "steps=5", ["steps=5"]])
def test_parameters_are_an_object(value: Any) -> None:
    with pytest.raises(BadField, match="parameters"):
        check(value)


@pytest.mark.parametrize("name", [None, 5, "", "Steps", "chosen"])
def test_unknown_names_are_refused(name: Any) -> None:
    with pytest.raises(BadField, match="negative_prompt"):
        check({name: 5})


def test_every_default_is_filled() -> None:
    assert resolve({"seed": 7.0, "steps": None}, "low", FACTS) == {
        "model": FACTS.digest,
        "prompt": "",
        "negative_prompt": "",
        "seed": 7,
        "steps": 10,
        "guidance": 5.0,
        "width": 96,
        "height": 56,
        "strength": 0.8,
        "scheduler": "DPMSolverMultistepScheduler",
        "dtype": "float32",
        "salt": "",
    }


def test_what_was_resolved_resolves_to_itself() -> None:
    found = resolve({"seed": 1, "scheduler": "euler", "prompt": "x"}, "high", FACTS)
    assert resolve(found, "low", FACTS) == found


def test_the_tier_says_how_many_steps_unless_they_are_given() -> None:
    steps = [resolve({"seed": 1}, tier, FACTS)["steps"] for tier in ("low", "standard", "high")]
    assert steps == [10, 20, 30]
    assert resolve({"seed": 1, "steps": 12}, "high", FACTS)["steps"] == 12
    with pytest.raises(BadField, match="tier"):
        resolve({"seed": 1}, "ultra", FACTS)


def test_a_seed_must_be_there() -> None:
    with pytest.raises(BadField, match="seed"):
        resolve({}, "low", FACTS)


def test_sizes_are_multiples() -> None:
    with pytest.raises(BadField, match="multiples of 8 with starter-v1, such as 96"):
        resolve({"seed": 1, "width": 100}, "low", FACTS)


def test_schedulers_fit_the_kind_of_model() -> None:
    with pytest.raises(BadField, match="flow-euler, flow-heun"):
        resolve({"seed": 1, "scheduler": "ddim"}, "low", FLOW)
    for name in ("flow-euler", "UnCLIPScheduler"):
        with pytest.raises(BadField, match=r"with starter-v1: dpm\+\+"):
            resolve({"seed": 1, "scheduler": name}, "low", FACTS)
    own = replace(FACTS, scheduler=Scheduler("UnCLIPScheduler", {}))
    assert resolve({"seed": 1, "scheduler": "unclip"}, "low", own)["scheduler"] == "UnCLIPScheduler"
    assert (
        resolve({"seed": 1, "scheduler": "flow-heun"}, "low", FLOW)["scheduler"]
        == "FlowMatchHeunDiscreteScheduler"
    )


def test_words_alone_make_a_text_to_image_recipe() -> None:
    found = frozen({"prompt": "a red tower", "negative_prompt": "fog", "salt": "b"})
    assert found == Recipe(
        pipeline="StableDiffusionPipeline",
        operation="text-to-image",
        model=FACTS.digest,
        prompt="a red tower",
        negative_prompt="fog",
        width=96,
        height=56,
        seed=1,
        scheduler=FACTS.scheduler,
        steps=20,
        guidance=5.0,
        salt="b",
    )
    assert found.strength is None


def test_what_is_empty_is_not_in_the_recipe() -> None:
    found = frozen({})
    assert found.negative_prompt is None
    assert found.salt is None


def test_another_scheduler_keeps_the_models_configuration() -> None:
    found = frozen({"scheduler": "euler"}).scheduler
    assert found == Scheduler("EulerDiscreteScheduler", FACTS.scheduler.config)


def test_the_first_role_lends_its_pixels_and_all_lend_words() -> None:
    inputs = [fed("style", "ink", 1), fed("character", "Zoe\u0301", 2), fed("environment", "sea at dusk", 3)]
    found = frozen({"prompt": " a ship "}, *inputs)
    assert found.operation == "image-to-image"
    assert found.prompt == "a ship, sea at dusk, Zo\u00e9, ink"
    assert found.strength == 0.8
    assert found.inputs == (
        Input("environment", recipe=KEYS[3], argument="image"),
        Input("character", recipe=KEYS[2]),
        Input("style", recipe=KEYS[1]),
    )


def test_an_image_goes_before_everything() -> None:
    found = frozen({}, fed("environment", key=1), Fed("image", None, PixelDigest("cd" * 32), ""))
    assert found.inputs[0] == Input("image", pixels=PixelDigest("cd" * 32), argument="image")


def test_equal_words_are_said_once() -> None:
    found = frozen({"prompt": "ink"}, fed("character", "ink"), fed("character", "  "), fed("style", " ink"))
    assert found.prompt == "ink"


@given(st.permutations(["image", "environment", "prop", "character", "style"]))
def test_the_order_of_links_does_not_matter(order: list[str]) -> None:
    inputs = [fed(role, f"a {role}") for role in order]
    assert frozen({}, *inputs).key == frozen({}, *sorted(inputs, key=lambda one: one.role)).key


def test_strength_counts_only_where_a_picture_comes_in() -> None:
    assert frozen({"strength": 0.5}).key == frozen({"strength": 0.9}).key
    environment = fed("environment")
    assert frozen({"strength": 0.5}, environment).key != frozen({"strength": 0.9}, environment).key


def test_one_step_at_least_must_run() -> None:
    with pytest.raises(BadField, match=r"at least 0\.1, so that one of 10 steps runs"):
        frozen({"strength": 0.05, "steps": 10}, fed("environment"))


def test_a_model_must_be_able_to() -> None:
    text, image = (replace(FACTS, operations=(one,)) for one in FACTS.operations)
    with pytest.raises(BadField, match="takes an input picture"):
        frozen({}, fed("style"), facts=text)
    with pytest.raises(BadField, match="draws from words alone"):
        frozen({}, facts=image)


def test_joined_words_have_a_limit_too() -> None:
    with pytest.raises(BadField, match="together with the words of its inputs"):
        frozen({"prompt": "x" * 7999}, fed("style", "ink"))


def test_unknown_roles_are_refused() -> None:
    with pytest.raises(BadField, match="environment"):
        frozen({}, fed("mood"))


def test_an_imported_picture_is_its_pixels() -> None:
    pixels = PixelDigest("cd" * 32)
    found = imported(pixels, 640, 480)
    assert (found.operation, found.model, found.width, found.height) == ("imported", None, 640, 480)
    assert found.inputs == (Input("picture", pixels=pixels),)
    assert imported(PixelDigest("ef" * 32), 640, 480).key != found.key


def test_parameters_and_models_start_light() -> None:
    code = "import sys, engine.parameters, engine.models; print(*{'numpy', 'PIL', 'torch', 'skimage'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
