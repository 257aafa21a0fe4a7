"""The daemon: four loops a mailbox around two durable stores, a page of health, and a clean end. It knows the steps
and the ports; which store, broker and adapter stand behind them is wired in bus/cli/."""
