"""Plan low-dose naltrexone titrations: exact doses, a screened start, a calendar.

From a regimen, a preparation, what is known about the patient and a start date comes an
exact day-by-day plan, or the precise reason why there is none.

>>> from ldn_titration import Dilution, Drops, Regimen, schedule
>>> drops = Drops(dilution=Dilution(drug="50 mg", final_volume="10 mL"), drops_per_mL=20)
>>> plan = schedule(Regimen.from_protocol("brief_002_drops"), drops, "2027-01-04", days=126)
>>> plan.on("2027-05-03").take
'18 drops (0.9 mL, 4.5 mg)'
"""

from ldn_titration.bottles import Bottle
from ldn_titration.days import DoseChange, PlanDay, PlannedDose, PlanStep, Totals
from ldn_titration.diary import (
    Advanced,
    Event,
    Halved,
    Held,
    Missed,
    OpioidTaken,
    Paused,
    Stayed,
    SteppedBack,
    Stopped,
    Switched,
)
from ldn_titration.errors import (
    DimensionError,
    InvalidInputError,
    KnowledgeError,
    LdnTitrationError,
    MissingExtraError,
    NotMeasurableError,
    Problem,
    QuantityError,
    UndrawableTextError,
)
from ldn_titration.fills import Fill
from ldn_titration.findings import (
    Citation,
    Finding,
    MedicineRead,
    Milestone,
    Outcome,
    Override,
    RuleOutcome,
    Screening,
    Severity,
    Verdict,
)
from ldn_titration.order import Order, check_order
from ldn_titration.patient import (
    EarlierNaltrexone,
    Medication,
    OpioidExposure,
    OpioidHistory,
    OpioidTest,
    PatientFacts,
    PlannedOpioid,
)
from ldn_titration.plan import Plan
from ldn_titration.preparation import (
    Capsules,
    Dilution,
    Drops,
    OralSolution,
    Preparation,
    Tablets,
)
from ldn_titration.quantities import Concentration, DropsPerVolume, Mass, MassPerDrop, Volume
from ldn_titration.reading import Reading
from ldn_titration.regimen import Cycle, Regimen, TimedDose, TitrationStep
from ldn_titration.schedule import schedule
from ldn_titration.screening import screen
from ldn_titration.supply import (
    Amounts,
    Dispense,
    PreparationSupply,
    Supply,
    best_strengths,
    supply,
)

__version__ = "0.1.0"

__all__ = [
    "Advanced",
    "Amounts",
    "Bottle",
    "Capsules",
    "Citation",
    "Concentration",
    "Cycle",
    "Dilution",
    "DimensionError",
    "Dispense",
    "DoseChange",
    "Drops",
    "DropsPerVolume",
    "EarlierNaltrexone",
    "Event",
    "Fill",
    "Finding",
    "Halved",
    "Held",
    "InvalidInputError",
    "KnowledgeError",
    "LdnTitrationError",
    "Mass",
    "MassPerDrop",
    "Medication",
    "MedicineRead",
    "Milestone",
    "Missed",
    "MissingExtraError",
    "NotMeasurableError",
    "OpioidExposure",
    "OpioidHistory",
    "OpioidTaken",
    "OpioidTest",
    "OralSolution",
    "Order",
    "Outcome",
    "Override",
    "PatientFacts",
    "Paused",
    "Plan",
    "PlanDay",
    "PlanStep",
    "PlannedDose",
    "PlannedOpioid",
    "Preparation",
    "PreparationSupply",
    "Problem",
    "QuantityError",
    "Reading",
    "Regimen",
    "RuleOutcome",
    "Screening",
    "Severity",
    "Stayed",
    "SteppedBack",
    "Stopped",
    "Supply",
    "Switched",
    "Tablets",
    "TimedDose",
    "TitrationStep",
    "Totals",
    "UndrawableTextError",
    "Verdict",
    "Volume",
    "__version__",
    "best_strengths",
    "check_order",
    "schedule",
    "screen",
    "supply",
]
