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
# # A prescriber's morning
#
# One patient from the first question to the printed page: screen, plan, hold after side
# effects, plan again, see what changed, work out what to dispense, print.
#
# Every person and date here is invented. This is not a medical device, and the knowledge base
# is not yet clinically reviewed.

# %% [markdown]
# ## 8:40. What is known
#
# Each fact is "yes", "no" or "unknown", and what is not said is unknown. An empty list of
# medicines means "asked, and none". This patient took codeine for a cough until 20 December.

# %%
import tempfile
from pathlib import Path

from ldn_titration import (
    Dilution,
    Drops,
    Held,
    MissingExtraError,
    OpioidExposure,
    OpioidHistory,
    PatientFacts,
    Regimen,
    Verdict,
    schedule,
    screen,
    supply,
)

codeine = OpioidExposure(substance="codeine", release="immediate", last_taken="2026-12-20")
patient = PatientFacts(
    assessed_on="2027-01-02",
    assessed_by="Dr A. Example",
    opioids=OpioidHistory(status="known", exposures=[codeine]),
    opioid_dependence="no",
    acute_withdrawal="no",
    naltrexone_hypersensitivity="no",
    other_naltrexone="no",
    age_years=44,
    pregnant="no",
    breastfeeding="no",
    liver_disease="no",
    kidney_impairment="no",
    suicidal_ideation="no",
    medications=[],
    conditions=[],
)

# %% [markdown]
# ## 8:45. May she start today?
#
# `screen` runs every rule, and the worst finding is the verdict. `not_before` is the first
# start that the opioid-free interval allows. A verdict has no truth value: `if verdict:` is an
# error, so that nobody takes STOP for true.

# %%
ramp = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg", time_of_day="bedtime")
drops = Drops(
    dilution=Dilution(drug="50 mg", final_volume="10 mL"), drops_per_mL=20, beyond_use_days=14
)
screening = screen(patient, "2027-01-04", ramp, drops, days=126)
print("Start on 4 January:", screening.verdict)
print("The interval is over from", screening.not_before)
assert screening.clears
assert screening.verdict == Verdict.CLEAR
screening

# %% [markdown]
# A week earlier it would have been too early. The finding says why, and what to do:

# %%
too_early = screen(patient, "2026-12-28", ramp)
assert too_early.verdict == Verdict.HOLD
print(too_early.findings[0].message)
print(too_early.findings[0].action)

# %% [markdown]
# ## 8:50. The plan
#
# One pure function: the same four things always give the same days.

# %%
plan = schedule(ramp, drops, "2027-01-04", days=126, screening=screening)
print(plan)
print("1 March:", plan.on("2027-03-01").take)
assert plan.status == "cleared"
assert str(plan.totals.dose) == "299.25 mg"
plan

# %% [markdown]
# The same as a picture: the steps, around them what the drops of this dropper may hold, and the
# dates to keep in mind.

# %%
from ldn_titration.render.plot import plot_doses

picture = plot_doses(plan)
assert picture.count('class="level"') == 18
picture

# %% [markdown]
# ## 9:30. Three weeks later: she sleeps badly
#
# On 26 January, in the fourth week, the dose is held for seven days. What happened is an event
# of the diary; the plan is made again, and the days before the event never change.

# %%
held = Held(on="2027-01-26", days=7, reason="insomnia")
now = schedule(ramp, drops, "2027-01-04", days=126, screening=screening, diary=[held])
print(now.on("2027-02-01").take, "-", now.on("2027-02-01").why)
assert now[:22] == plan[:22]

# %% [markdown]
# `diff` lists every date on which the two plans give another dose.

# %%
changes = plan.diff(now)
for change in changes[:3]:
    print(change.date, "was", change.dose, "now", change.other)
assert len(changes) == 98
assert str(changes[0].date) == "2027-02-01"
assert str(now.totals.dose) == "274.75 mg"

# %% [markdown]
# The length stays 126 days, so the last step falls off the end, and a finding says so.

# %%
cut = [finding.message for finding in now.screening.findings if finding.code == "LEN-01"]
print(*cut)
assert len(cut) == 1

# %% [markdown]
# ## 9:40. What to dispense
#
# Bottle by bottle: each is used on 14 days at most, and no dose is drawn from two.

# %%
needed = supply(now)
for bottle in needed.bottles[:3]:
    print(f"made {bottle.made_on}, last dose {bottle.last_dose}: {bottle.ended_by}")
print(needed.dispense.quantity, "in", needed.dispense.bottles, "bottles")
assert needed.totals.dispensed == needed.totals.taken + needed.totals.wasted + needed.totals.left

# %% [markdown]
# ## 9:45. On paper
#
# The same rows as a page for the browser and, where the extra `pdf` is installed, as an
# accessible PDF. What is not installed is named, never skipped in silence.

# %%
from ldn_titration.render.html import plan_html
from ldn_titration.render.pdf import plan_pdf

with tempfile.TemporaryDirectory() as folder:
    page = Path(folder, "calendar.html")
    page.write_text(plan_html(now, patient=patient), encoding="utf-8")
    assert page.read_text(encoding="utf-8").count("<time") == 126
    print("HTML: a cell for each of 126 days")
    try:
        Path(folder, "calendar.pdf").write_bytes(plan_pdf(now, patient=patient))
        assert Path(folder, "calendar.pdf").read_bytes().startswith(b"%PDF-")
        print("PDF: written")
    except MissingExtraError as missing:
        print(missing)

# %% [markdown]
# And the new plan as a picture, with the hold marked on its date:

# %%
picture = plot_doses(now)
assert "Held 26 Jan 2027" in picture
picture
