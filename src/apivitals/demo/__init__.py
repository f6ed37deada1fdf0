"""The demo: a small video shop under load, and a live view of its vital signs.

``service`` is the app that is measured. What it calls runs in processes of its own: ``partner``, a second service with
language models, and ``cache``, a Redis or ``small_redis``. ``load`` visits the shop; ``scrape``, ``between``,
``vital_signs``, ``breakdown``, ``operations``, ``inference`` and ``timeline`` turn its ``/metrics`` into numbers, which
``view`` shows; and ``session`` puts the pieces together. Needs the extra ``apivitals[demo]``.
"""
