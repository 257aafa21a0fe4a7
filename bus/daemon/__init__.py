"""The daemon: the loops of one or many mailboxes around two durable stores, /healthz and /metrics, and a clean end.

Where the loop is: `loops.Loop` is a thread that calls one `step()` again and again. `mailbox.MailboxDaemon` has the
table of a mailbox's loops; each row names the step that its loop calls:

    collect, publish, take-in, deliver    road.py           one batch of the road of a document
    large                                 blobs.py          large attachments, a little of everything
    expire, deadlines, forget, remind     housekeeping.py   what time brings
    quotas                                quotas.py         how much of the quotas between mailboxes is used
    troubles                              troubles.py       what waits in the document system and does not go on
    watch                                 watchdog.py       what is away; the clock; a second reader of the inbox

`process.py` starts the daemons of a process and its loop `directory` (editions.py), and ends them (shutdown.py).
`own_process.py` counts its threads, and begins a loop again whose thread has ended.
`standby.py` has the loop `standby`, which makes and ends a MailboxDaemon while several machines share its store.
The daemon knows the steps and the ports; bus/wiring/ decides which store, broker and adapter are behind them.
"""
