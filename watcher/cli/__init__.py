"""The command line: one file for each command, or group of commands. DESIGN section 4 is the contract.

    main        the `watcher` command: global options, and which command is where
    boundary    what an error becomes: its text on stderr and the exit code
    output      JSON, tables, lines and progress: everything that is printed
    opened      the configuration and the store, for commands that need them
    demo, run, check, reload, status, feeds, alerts, silence, channels, data, why        operating the daemon
    parse, extract, match, cluster                                                       filters: files in, JSON lines out
    inputs      files, folders and standard input for the filters
    pool        their work on all cores; a document that hangs or kills a worker becomes an error

Modules import what is heavy inside the functions that need it: `watcher --help` costs typer and rich, nothing else.
"""
