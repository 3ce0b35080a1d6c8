"""Channels against receivers that fail; and where each delivery row of the catalogue of faults is tried.

V01, V03-V06  test_email: every reply, silence and hang-up of SMTP; V03 also tests/faults/test_postfix, killed after the 250
V02           tests/faults/test_postfix: 451, 550 for one of three, 421, stop and start of a real Postfix
V07, V08      test_hooks: 500, resets, redirects; each try has the same id and its own signature
V09           test_hooks, test_slack_bot: 410; tests/e2e/test_channels: told by another channel, the others go on
V10           test_hooks: Retry-After in seconds, as a date, rubbish; tests/store/test_deliveries: nothing before it
V11           test_hooks: every answer of Slack and of a webhook has its outcome
V12           tests/daemon/test_dispatcher: three days down, drained, dead at the horizon, sent again; tests/e2e/test_delivery: others on time
V13           tests/store/test_storm, tests/daemon/test_pace; tests/e2e/test_delivery: 300 at once
V14           test_hooks: the reference library verifies both signatures
V15           tests/e2e/test_delivery: STATUS, metric, page, heartbeat
V16           tests/feeds/test_websub, tests/daemon/test_websub, tests/e2e/test_websub
poison        tests/daemon/test_dispatcher: what cannot be rendered or sent is dead by itself, also out of a bundle
"""
