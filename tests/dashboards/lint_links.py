"""Rules for where links lead."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

from tests.dashboards.lint import panel_links
from tests.support.dashboards import Dashboard

Shipped = Mapping[str, Dashboard]
_KEEPS_TIME = re.compile(r"\$\{__url_time_range\}|from=\$\{?__from\}?&to=\$\{?__to\}?")
_FORM = re.compile(r"\$\{(\w+):queryparam\}")
_EVERYTHING = "${__all_variables}"


def links_on_top_lead_somewhere(dashboard: Dashboard, shipped: Shipped) -> Iterator[str]:
    """To a dashboard that ships, with time and variables."""
    for link in dashboard.links:
        title = link.get("title")
        if not link.get("keepTime") or not link.get("includeVars"):
            yield f"link {title}: loses the time or the variables"
        if link.get("type") == "dashboards":
            tags = set(link.get("tags") or ())
            if not tags or not any(tags <= set(other.content.get("tags") or ()) for other in shipped.values()):
                yield f"link {title}: no dashboard has the tags {sorted(tags)}"
        else:
            yield from _leads(f"link {title}", str(link.get("url", "")), dashboard, shipped, keeps=True)


def links_of_panels_lead_somewhere(dashboard: Dashboard, shipped: Shipped) -> Iterator[str]:
    """To a dashboard that ships, with the time, the data source, and variables that it has."""
    for panel in dashboard.panels:
        for link in panel_links(panel):
            yield from _leads(f"{panel.title}: link {link.get('title')}", str(link["url"]), dashboard, shipped)


def every_dashboard_is_reached(dashboard: Dashboard, shipped: Shipped) -> Iterator[str]:
    """From the links on top of each of the others."""
    for uid, other in shipped.items():
        if uid == dashboard.uid:
            continue
        tags = set(dashboard.content.get("tags") or ())
        ways = (
            (link.get("type") == "dashboards" and set(link.get("tags") or ()) <= tags)
            or f"/d/{dashboard.uid}" in str(link.get("url", ""))
            for link in other.links
        )
        if not any(ways):
            yield f"{uid} has no link to it"


def _leads(where: str, url: str, dashboard: Dashboard, shipped: Shipped, *, keeps: bool = False) -> Iterator[str]:
    address = urlsplit(url)
    if address.scheme:
        if address.scheme != "https":
            yield f"{where}: {url} is not https"
        return
    parts = address.path.split("/")
    if parts[:2] != ["", "d"] or len(parts) < 3:
        yield f"{where}: {url} is no dashboard's address, which should be /d/UID"
        return
    if parts[2] not in shipped:
        yield f"{where}: no dashboard has the uid {parts[2]}"
        return
    there = shipped[parts[2]].variables
    given = {name for name, _ in parse_qsl(address.query, keep_blank_values=True) if name.startswith("var-")}
    named = {name.removeprefix("var-") for name in given} | set(_FORM.findall(address.query))
    yield from (f"{where}: {parts[2]} has no variable {name}" for name in sorted(named - set(there)))
    if keeps:
        return
    if not _KEEPS_TIME.search(address.query):
        yield f"{where}: loses the time"
    if _EVERYTHING in address.query:
        return
    shared = set(there) & set(dashboard.variables)
    yield from (f"{where}: loses ${name}" for name in sorted(shared - named))


RULES = (links_on_top_lead_somewhere, links_of_panels_lead_somewhere, every_dashboard_is_reached)
