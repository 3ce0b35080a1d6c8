"""The filters' pool, in a child process of its own: it forks, and a test runner has threads."""

import json
import subprocess
import sys
import textwrap

PRELUDE = """
import json, os, time
from watcher.cli.pool import Failed, Pool
def show(batches):
    print(json.dumps([[r.why if isinstance(r, Failed) else r for _, r in batch] for batch in batches]))
"""


def results(program):
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_results_come_in_the_order_of_the_inputs_whatever_each_takes():
    found = results("""
        def work(n):
            time.sleep(0.05 if n % 5 == 0 else 0)
            return n
        show(Pool(work, size=3).map([n, n + 100] for n in range(40)))
    """)
    assert found == [[n, n + 100] for n in range(40)]


def test_an_input_that_raises_fails_alone():
    found = results("""
        def work(n):
            if n == 2: raise ValueError("two is bad")
            return n
        show(Pool(work).map(iter([[1, 2, 3]])))
    """)
    assert found == [[1, "two is bad", 3]]


def test_an_input_that_hangs_costs_its_worker_and_fails_alone():
    found = results("""
        def work(n):
            while n == 2: pass
            return n
        show(Pool(work, seconds=0.5, size=2).map(iter([[1, 2, 3], [4], [2], [5]])))
    """)
    assert found == [[1, "gave no result within 0.5 s", 3], [4], ["gave no result within 0.5 s"], [5]]


def test_an_input_that_kills_its_worker_fails_alone():
    found = results("""
        def work(n):
            if n == 2: os.kill(os.getpid(), 11)
            return n
        show(Pool(work, size=2).map(iter([[1, 2, 3], [4], [2], [5]])))
    """)
    why = "ended its worker process (exit status -11)"
    assert found == [[1, why, 3], [4], [why], [5]]


def test_an_input_that_wants_all_memory_fails_alone():
    found = results("""
        def work(n):
            return len(bytearray(n))
        show(Pool(work, size=1).map(iter([[10, 2**40, 20]])))
    """)
    assert found == [[10, "ended its worker process (exit status 1)", 20]]


def test_a_worker_that_is_merely_worn_out_costs_nothing():
    """A death that follows from earlier inputs is not blamed on the one in work."""
    found = results("""
        done = []
        def work(n):
            done.append(n)
            if len(done) > 3: os._exit(9)
            return n
        show(Pool(work, size=1).map([n] for n in range(8)))
    """)
    assert found == [[n] for n in range(8)]


def test_a_result_comes_before_the_next_input_is_there():
    """`tail -f | watcher match` shows each match at once."""
    found = results("""
        reading, writing = os.pipe()
        def batches():
            while (data := os.read(reading, 100)) != b"end": yield [data.decode()]
        os.write(writing, b"first")
        seen = []
        for [(_, result)] in Pool(str.upper).map(batches(), readable=reading):
            seen.append(result)
            os.write(writing, b"second" if len(seen) == 1 else b"end")
        print(json.dumps(seen))
    """)
    assert found == ["FIRST", "SECOND"]


def test_memory_does_not_grow_with_what_waits_behind_a_slow_input():
    """Inputs are not read without bound while one of them takes its time."""
    found = results("""
        asked = 0
        def batches():
            global asked
            for n in range(10_000):
                asked = n
                yield [n]
        def work(n):
            time.sleep(0.3 if n == 0 else 0)
            return n
        results = Pool(work, size=2).map(batches())
        next(results)
        print(json.dumps(asked))
        results.close()
    """)
    assert found <= 20
