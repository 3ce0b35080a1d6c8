"""The daemon: wires the stages together and keeps them running.

    app         composition root: `watcher run` from configuration to exit status
    runtime     what all loops share: configuration in force, client, channels, store
    poller      feeds that are due     -> new entries
    outcome     what one poll means for the feed's next state (decided here, applied by the poller)
    reader      entries that are due   -> article, matches, story, alerts, deliveries
    verdicts    the part of the reader that runs inside the transaction
    pages       an article's page: robots.txt, fetch, extraction, within the time that an alert may wait
    dispatcher  deliveries that are due -> sent, or a later try, or dead with a reason
    keeper      the timetable: retention, clock watch, heartbeat, statistics
    operators   who is told about what is wrong, once
    supervise   starts a loop again when it fails, and feeds systemd's watchdog while all of them live
    leases      renews what is claimed, and knows what is no longer ours
    workers     two lanes of processes for parsing and extraction
    systemd     sd_notify
    control     the socket on which `watcher reload` and `status` reach the daemon
    log, metrics, faultpoints

The three loops share nothing but the store: each can die and start again alone.
"""
