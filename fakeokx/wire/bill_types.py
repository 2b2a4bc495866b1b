"""Types and subtypes of bills, as account/subtypes lists them and the bill filters accept them.

The numbers up to 11 were confirmed by more than one source; those above are taken as given.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

Row = dict[str, Any]
BILL_TYPES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = MappingProxyType(
    {
        "1": ("Transfer", {"11": "Transfer in", "12": "Transfer out"}),
        "2": (
            "Trade",
            {
                "1": "Buy",
                "2": "Sell",
                "3": "Open long",
                "4": "Open short",
                "5": "Close long",
                "6": "Close short",
            },
        ),
        "3": ("Delivery", {"112": "Delivery long", "113": "Delivery short"}),
        "4": (
            "Forced repayment",
            {"114": "Forced repayment buy", "115": "Forced repayment sell"},
        ),
        "5": (
            "Liquidation",
            {
                "100": "Partial liquidation close long",
                "101": "Partial liquidation close short",
                "102": "Partial liquidation buy",
                "103": "Partial liquidation sell",
                "104": "Liquidation long",
                "105": "Liquidation short",
                "106": "Liquidation buy",
                "107": "Liquidation sell",
                "110": "Liquidation transfer in",
                "111": "Liquidation transfer out",
            },
        ),
        "6": (
            "Margin transfer",
            {
                "160": "Manual margin increase",
                "161": "Manual margin decrease",
                "162": "Auto margin increase",
            },
        ),
        "7": ("Interest deduction", {"9": "Interest deduction"}),
        "8": ("Funding fee", {"173": "Funding fee expense", "174": "Funding fee income"}),
        "9": (
            "ADL",
            {
                "125": "ADL close long",
                "126": "ADL close short",
                "127": "ADL buy",
                "128": "ADL sell",
            },
        ),
        "10": ("Clawback", {"108": "Clawback"}),
        "11": ("System token conversion", {}),
        "12": ("Strategy transfer", {}),
        "13": ("ddh", {}),
        "14": ("Block trade", {}),
        "15": ("Quick Margin", {}),
        "18": ("Profit sharing", {}),
        "22": ("Repay", {}),
        "34": ("Settlement", {"355": "Settlement PnL"}),
    }
)


def subtype_rows(kinds: tuple[str, ...] = ()) -> list[Row]:
    """One row per bill type (OKX: Account, GET subtypes); ``kinds`` empty means all."""
    return [
        {
            "type": kind,
            "typeDesc": description,
            "subTypeDetails": [
                {"subType": sub_type, "subTypeDesc": text} for sub_type, text in subs.items()
            ],
        }
        for kind, (description, subs) in BILL_TYPES.items()
        if not kinds or kind in kinds
    ]
