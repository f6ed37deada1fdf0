"""The demo: a small video shop under load, and a live view of its vital signs.

``service`` is the app that is measured, ``partner`` the second service that it calls; ``load`` visits it, ``scrape``,
``histogram``, ``vital_signs`` and ``timeline`` turn its ``/metrics`` into numbers, ``view`` shows them, and ``session``
puts the pieces together. Needs the extra ``apivitals[demo]``.
"""
