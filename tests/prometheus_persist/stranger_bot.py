# mypy: ignore-errors
import os
import random
import time

import ccxt

SYMBOL = "BTC/USDT:USDT"


class Trader:
    def __init__(self, name, style):
        self.name = name
        self.style = style
        self.mood = random.random()
        self.history = []
        self.stats = {"buy": 0, "sell": 0, "seen": set()}

    def wants(self, price):
        self.mood = (self.mood + random.gauss(0, 0.3)) % 1
        self.history.append((price, self.mood))
        if self.mood < 0.4:
            return "buy"
        return "sell" if self.mood > 0.6 else None


class TradingBot:
    def __init__(self, url):
        keys = {"apiKey": os.environ["OKX_API_KEY"], "secret": os.environ["OKX_API_SECRET"]}
        keys["password"] = os.environ["OKX_API_PASSPHRASE"]
        self.exchange = ccxt.okx({**keys, "urls": {"api": {"rest": url}, "test": {"rest": url}}})
        self.traders = [Trader("Momentum", "fast"), Trader("Patience", "slow")]
        self.best = self.traders[0]
        self.trades = []
        self.errors = []

    def price(self):
        return self.exchange.fetch_ticker(SYMBOL)["last"]

    def execute(self, trader, side, price):
        order = self.exchange.create_order(SYMBOL, "market", side, 1)
        self.trades.append({"id": order["id"], "who": trader, "side": side, "price": price})
        trader.stats[side] += 1
        trader.stats["seen"].add(int(price) % 7)
        if trader.stats["buy"] > self.best.stats["buy"]:
            self.best = trader

    def run(self, cycles, pause):
        cycle = 0
        while cycle < cycles:
            cycle += 1
            price = self.price()
            for trader in self.traders:
                side = trader.wants(price)
                if side:
                    try:
                        self.execute(trader, side, price)
                    except Exception as e:  # noqa: BLE001
                        self.errors.append(str(e))
            print("cycle", cycle, "trades", len(self.trades), flush=True)
            time.sleep(pause)


if __name__ == "__main__":
    bot = TradingBot(os.environ["BOT_URL"])
    bot.run(int(os.environ["BOT_CYCLES"]), 0.05)
    print("done", [trade["id"] for trade in bot.trades], bot.best.name, len(bot.errors))
