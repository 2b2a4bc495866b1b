"""What a client can ask of its account, as frozen data made of text.

The fields are OKX's, in snake_case; ``""`` stands for what was left out. A command names the
account that it acts for: whoever builds one from a request has to set it from the key, because
a field of that name in a body is not to be believed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as it was asked for (OKX: Trade, POST order)."""

    inst_id: str
    td_mode: str
    side: str
    ord_type: str
    sz: str
    px: str = ""
    pos_side: str = ""
    reduce_only: str = ""
    cl_ord_id: str = ""
    tag: str = ""
    attach_algo_ords: str = ""
    tgt_ccy: str = ""
    stp_mode: str = ""
    px_amend_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRef:
    """An order named by id; ``ord_id`` wins over ``cl_ord_id``."""

    inst_id: str
    ord_id: str = ""
    cl_ord_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A new size, price or exit for a pending order (OKX: Trade, POST amend-order)."""

    inst_id: str
    ord_id: str = ""
    cl_ord_id: str = ""
    new_sz: str = ""
    new_px: str = ""
    req_id: str = ""
    cxl_on_fail: str = ""
    attach_algo_ords: str = ""
    px_amend_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoRef:
    """An algo order named by id; ``algo_id`` wins over ``algo_cl_ord_id``."""

    inst_id: str
    algo_id: str = ""
    algo_cl_ord_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoAmendment:
    """New triggers, prices or size of a waiting algo order (OKX: Trade, POST amend-algos)."""

    inst_id: str
    algo_id: str = ""
    algo_cl_ord_id: str = ""
    req_id: str = ""
    cxl_on_fail: str = ""
    new_sz: str = ""
    new_sl_trigger_px: str = ""
    new_sl_ord_px: str = ""
    new_sl_trigger_px_type: str = ""
    new_tp_trigger_px: str = ""
    new_tp_ord_px: str = ""
    new_tp_trigger_px_type: str = ""
    new_trigger_px: str = ""
    new_ord_px: str = ""
    new_trigger_px_type: str = ""
    attach_algo_ords: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrders:
    """Place orders, in turn."""

    orders: tuple[OrderRequest, ...]
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrders:
    """Cancel orders, in turn."""

    orders: tuple[OrderRef, ...]
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrders:
    """Amend orders, in turn."""

    orders: tuple[Amendment, ...]
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close a whole position at market (OKX: Trade, POST close-position)."""

    inst_id: str
    mgn_mode: str
    pos_side: str = ""
    auto_cxl: str = ""
    cl_ord_id: str = ""
    tag: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAlgo:
    """Place a stop, a take-profit, an oco, a trigger or a trailing order (OKX: POST order-algo)."""

    inst_id: str
    td_mode: str
    side: str
    ord_type: str
    sz: str = ""
    pos_side: str = ""
    reduce_only: str = ""
    close_fraction: str = ""
    sl_trigger_px: str = ""
    sl_ord_px: str = ""
    sl_trigger_px_type: str = ""
    tp_trigger_px: str = ""
    tp_ord_px: str = ""
    tp_trigger_px_type: str = ""
    trigger_px: str = ""
    order_px: str = ""
    trigger_px_type: str = ""
    algo_cl_ord_id: str = ""
    cl_ord_id: str = ""
    tag: str = ""
    callback_ratio: str = ""
    callback_spread: str = ""
    active_px: str = ""
    attach_algo_ords: str = ""
    tgt_ccy: str = ""
    cxl_on_close_pos: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAlgos:
    """Cancel algo orders, in turn."""

    algos: tuple[AlgoRef, ...]
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLeverage:
    """Set the leverage of an instrument (OKX: Account, POST set-leverage)."""

    inst_id: str
    lever: str
    mgn_mode: str
    pos_side: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPositionMode:
    """Choose net_mode or long_short_mode (OKX: Account, POST set-position-mode)."""

    pos_mode: str
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendAlgos:
    """Amend waiting algo orders, in turn."""

    algos: tuple[AlgoAmendment, ...]
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAllAfter:
    """Arm, re-arm or (0) disarm the dead man's switch (OKX: Trade, POST cancel-all-after).

    With a tag only orders of that tag are canceled when ``time_out_s`` seconds have passed.
    """

    time_out_s: str
    tag: str = ""
    account: str = "main"
