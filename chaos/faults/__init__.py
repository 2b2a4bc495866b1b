"""What is done to the patient: faults at the ``Fs`` seam, and damage to files at rest."""

from chaos.faults.files import FileDamage, damage_file
from chaos.faults.seam import DiskFault, FaultyFs, parse_fault

__all__ = ["DiskFault", "FaultyFs", "FileDamage", "damage_file", "parse_fault"]
