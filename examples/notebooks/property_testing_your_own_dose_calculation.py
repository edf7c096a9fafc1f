# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Property-testing your own dose calculation
#
# You have a function of your own that turns a dose into drops: in a spreadsheet, an app, a
# clinic's system. A few examples came out right. Is it right?
#
# Here such a function is tested against `measure`, which is exact, with doses that
# [Hypothesis](https://hypothesis.readthedocs.io) makes up. It finds two faults, each is shown
# by its smallest example, and mended.

# %%
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ldn_titration import Drops, Mass, NotMeasurableError, schedule
from ldn_titration.testing import masses, preparations, regimens_for

drops = Drops(concentration="2 mg/mL", drops_per_mL=20)
print("A drop holds", 1 * drops.drop)

# %% [markdown]
# ## The function
#
# A drop holds 0.1 mg, so the count is the dose over 0.1. The examples that come to mind pass.


# %%
def drops_for(mg: float) -> int:
    return int(mg / 0.1)


assert drops_for(0.1) == 1
assert drops_for(0.5) == 5
assert drops_for(1.5) == 15
assert drops_for(4.5) == 45

# %% [markdown]
# ## First property: what can be measured is counted right
#
# For any number of drops, the dose that they hold must come back as that number. `run` calls a
# test and hands back the smallest example that breaks it, or nothing.


# %%
def run(test):
    try:
        test()
    except AssertionError as error:
        return "\n".join(error.__notes__)
    return None


search = [Phase.generate, Phase.shrink]
steady = settings(max_examples=100, derandomize=True, database=None, phases=search)


@steady
@given(st.integers(1, 60))
def counts_what_can_be_measured(count):
    dose = count * drops.drop
    assert drops_for(float(dose.magnitude)) == drops.measure(dose).drops


broken = run(counts_what_can_be_measured)
print(broken)
assert "count=3" in broken

# %% [markdown]
# Three drops, 0.3 mg. In binary floats 0.3 / 0.1 is a little less than 3, and `int` throws
# away the rest: the patient gets two drops, a third less than prescribed.

# %%
print(0.3 / 0.1, "is cut to", drops_for(0.3))
assert drops_for(0.3) == 2
assert drops.measure("0.3 mg").drops == 3


# %% [markdown]
# ## First mending: round
#
# Rounding to the nearest whole number takes the dust of the floats away. The property holds.


# %%
def drops_for(mg: float) -> int:
    return round(mg / 0.1)


assert drops_for(0.3) == 3
assert run(counts_what_can_be_measured) is None

# %% [markdown]
# ## Second property: what cannot be measured is refused
#
# Now any dose, in whole micrograms. Where `measure` says that no count of drops makes it, the
# function must refuse as well, and not give the count of another dose.


# %%
def outcome(work, *refusals):
    """What it gives, or "refused"."""
    try:
        return work()
    except refusals:
        return "refused"


@steady
@given(masses("50 mcg", "6 mg", decimal=True))
def refuses_what_cannot_be_measured(dose):
    mine = outcome(lambda: drops_for(float(dose.magnitude)), ValueError)
    assert mine == outcome(lambda: drops.measure(dose).drops, NotMeasurableError)


broken = run(refuses_what_cannot_be_measured)
print(broken)
assert "50 mcg" in broken
assert drops_for(0.05) == 0

# %% [markdown]
# For 0.05 mg, half a drop, it says "0 drops" and nobody is warned. `measure` names what can be
# measured instead:

# %%
try:
    drops.measure("0.25 mg")
except NotMeasurableError as error:
    print(error)
    assert (str(error.below), str(error.above)) == ("0.2 mg", "0.3 mg")


# %% [markdown]
# ## Second mending: exact, with its unit, and an error
#
# No float, no bare number: the dose comes as text with its unit, is divided exactly, and a
# remainder is an error. The drop comes from the preparation and not from memory.


# %%
def drops_of(dose: Mass | str, preparation: Drops = drops) -> int:
    mass, drop = Mass(dose), 1 * preparation.drop
    if not mass or mass % drop:
        raise ValueError(f"{mass} is no whole number of drops of {drop}")
    return mass // drop


def drops_for(mg: float) -> int:
    return drops_of(f"{mg:.3f} mg")


assert run(counts_what_can_be_measured) is None
assert run(refuses_what_cannot_be_measured) is None

# %% [markdown]
# ## Third property: any dropper, any dose
#
# `preparations` makes up concentrations and droppers that nobody thinks of, such as 17 drops to
# 1 mL of 0.37 mg/mL, and `masses` any fraction of a milligram.

# %%
droppers = preparations().filter(lambda preparation: preparation.form == "drops")


@steady
@given(droppers, masses())
def agrees_for_any_dropper(dropper, dose):
    mine = outcome(lambda: drops_of(dose, dropper), ValueError)
    assert mine == outcome(lambda: dropper.measure(dose).drops, NotMeasurableError)


@steady
@given(droppers, st.integers(1, 60))
def counts_any_drops_of_any_dropper(dropper, count):
    assert drops_of(count * dropper.drop, dropper) == count


assert run(agrees_for_any_dropper) is None
assert run(counts_any_drops_of_any_dropper) is None

# %% [markdown]
# ## Fourth property: a whole plan
#
# `regimens_for` makes up regimens that a preparation can measure. Added up day by day, the
# function's drops must be the plan's.


# %%
@settings(steady, max_examples=20)
@given(regimens_for(drops))
def adds_up_to_the_plan(regimen):
    plan = schedule(regimen, drops, "2027-01-04")
    counted = sum(drops_of(dose.dose) for day in plan for dose in day.doses)
    assert counted == plan.totals.units["drops"]


assert run(adds_up_to_the_plan) is None
print("Four properties hold.")

# %% [markdown]
# What to keep: examples show that a function can be right, a property shows where it is wrong.
# Put these functions into your test file, named `test_...`, and pytest runs them as they are.
