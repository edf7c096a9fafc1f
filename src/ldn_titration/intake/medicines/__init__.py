"""Lists of medicines as clinics keep them: a line, a plain list or a CSV, read into facts."""

from ldn_titration.intake.medicines.line import MedicineLine, read_medicine
from ldn_titration.intake.medicines.listed import NOT_ASKED, MedicineList, read_medicines

__all__ = ["NOT_ASKED", "MedicineLine", "MedicineList", "read_medicine", "read_medicines"]
