"""The whole table."""

from __future__ import annotations

import scenario_table_account
import scenario_table_books
import scenario_table_clocks
import scenario_table_copies
import scenario_table_ends
import scenario_table_fills
import scenario_table_hand
import scenario_table_lost
import scenario_table_money
import scenario_table_products
import scenario_table_reading
import scenario_table_scope
import scenario_table_stops

ROWS = (
    *scenario_table_fills.ROWS,
    *scenario_table_hand.ROWS,
    *scenario_table_books.ROWS,
    *scenario_table_account.ROWS,
    *scenario_table_ends.ROWS,
    *scenario_table_products.ROWS,
    *scenario_table_lost.ROWS,
    *scenario_table_money.ROWS,
    *scenario_table_copies.ROWS,
    *scenario_table_clocks.ROWS,
    *scenario_table_scope.ROWS,
    *scenario_table_reading.ROWS,
    *scenario_table_stops.ROWS,
)
