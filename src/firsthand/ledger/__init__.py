"""Versions of data with provenance and lineage, in a folder that survives a crash."""

from firsthand.ledger.columns import Columns
from firsthand.ledger.diff import Diff
from firsthand.ledger.ledger import Ledger, Status
from firsthand.ledger.verifying import Verified, verify_folder
from firsthand.ledger.versions import Version
from firsthand.ledger.walking import Lineage

__all__ = ["Columns", "Diff", "Ledger", "Lineage", "Status", "Verified", "Version", "verify_folder"]
