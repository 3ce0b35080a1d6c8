"""alerts: decides whether a match is told, to whom, when, and in which words. Pure: ``now`` is an argument.

::

    ids       stable names: alert, message, story thread
    decide    Match + what was told before  -> Decision with its Reason
    novelty   what another report of a told story adds
    plan      Alert + routes + policies     -> which channels, when, in which bundle
    clock     the local clock: quiet hours, cron, both DST days
    payload   the frozen ``data`` object of an alert (webhook contract) and of a notice
    render/   Delivery -> Message: mail, Slack, webhook, plain text; ``templates/`` holds their Jinja2
    retry     the ladder of attempts

The daemon calls them in this order: ``plan.targets`` (is anybody reached?), ``decide.decide``, ``payload.alert``,
``plan.plan``; later ``render.Renderer.render`` before each try and ``retry.next_attempt`` after a failed one.
"""
