"""Somebody's medication requests in FHIR R4, read into light rows; nothing is assumed."""

from ldn_titration.intake.orders.reading import MedicationOrder, OrderStep, Timing, read_orders

__all__ = ["MedicationOrder", "OrderStep", "Timing", "read_orders"]
