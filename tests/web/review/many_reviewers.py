"""Many reviewers at once on one queue, in several processes: run by test_claims.py on each kind of database.

    python many_reviewers.py REVIEWERS ITEMS PROCESSES      with DATABASE_URL, SIGHTLINE_RUNS, SIGHTLINE_STATE in the
    environment

Prints one JSON object: what happened, and every claim that was given.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import threading
import time


def setup() -> None:
    """Load Django in this process."""
    import django

    django.setup()


def work(names: list[str], queue: multiprocessing.Queue) -> None:
    """One process: a thread for each of its reviewers."""
    setup()
    from django.contrib.auth.models import User
    from django.db import connection

    from sightline.web.review import claims
    from sightline.web.review.models import Item

    given: list[tuple[float, float, int, str]] = []
    troubles: list[str] = []

    def one(name: str) -> None:
        rng = random.Random(name)
        try:
            user = User.objects.get(username=name)
            idle = 0
            while idle < 3:
                item = claims.claim(user, "run")
                if item is None:
                    # What is left is held by others just now; whoever skips or undoes brings it back.
                    idle = idle + 1 if not Item.objects.filter(run="run", open=True).exists() else 0
                    time.sleep(0.02)
                    continue
                # Certainly held from here until just before it is given back.
                began = time.monotonic()
                time.sleep(rng.random() * 0.004)
                ended = time.monotonic()
                action = rng.random()
                if action < 0.05:
                    claims.skip(user, item.pk)
                    given.append((began, ended, item.pk, "skip"))
                    continue
                decision = rng.choice(("keep", "drop", "relabel"))
                claims.decide(user, item.pk, decision, "b", classes=("a", "b"))
                given.append((began, ended, item.pk, "decide"))
                if action > 0.97:
                    again = claims.undo(user, "run")
                    assert again is not None and again.pk == item.pk
                    given.append((began, ended, item.pk, "undo"))
        except Exception as error:
            troubles.append(f"{name}: {type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put((given, troubles))


def main(reviewers: int, items: int, processes: int) -> None:
    """Fill the queue, let them work, count."""
    setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connections
    from django.db.models import Count, Q

    from sightline.web.review.models import Decision, Item

    call_command("migrate", verbosity=0)
    names = [f"reviewer-{i}" for i in range(reviewers)]
    User.objects.bulk_create([User(username=name, password="!") for name in names])
    Item.objects.bulk_create(
        [Item(run="run", path=f"a/{i}.jpg", score=1 - i / items, label="a", suggested="b") for i in range(items)]
    )
    connections.close_all()
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    started = time.monotonic()
    workers = [context.Process(target=work, args=(names[i::processes], queue)) for i in range(processes)]
    for worker in workers:
        worker.start()
    found = [queue.get() for _ in workers]
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - started
    voices = Item.objects.filter(run="run").annotate(n=Count("decisions", filter=Q(decisions__undone=None)))
    given = sorted(entry for part, _ in found for entry in part)
    # Two reviewers held one photo at once if the spans between getting it and giving it back overlap.
    overlaps, last = 0, {}
    for began, ended, item, action in given:
        if action != "undo":
            overlaps += began < last.get(item, 0.0)
            last[item] = max(ended, last.get(item, 0.0))
    print(
        json.dumps(
            {
                "items": items,
                "open": Item.objects.filter(run="run", open=True).count(),
                "decided_once": voices.filter(n=1).count(),
                "decided_more": voices.filter(n__gt=1).count(),
                "decisions": Decision.objects.filter(undone=None).count(),
                "undone": Decision.objects.exclude(undone=None).count(),
                "skips": sum(entry[3] == "skip" for entry in given),
                "held_by_two": overlaps,
                "people": Decision.objects.values("user").distinct().count(),
                "troubles": [text for _, texts in found for text in texts],
                "seconds": round(seconds, 1),
            }
        )
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
