"""What is done to the patient: faults at the ``Fs`` seam, and damage to files at rest."""

from chaos.faults.files import Damage, damage_file
from chaos.faults.seam import Fault, FaultyFs, parse_fault

__all__ = ["Damage", "Fault", "FaultyFs", "damage_file", "parse_fault"]
