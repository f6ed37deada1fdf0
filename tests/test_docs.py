"""The docs say what the code does: pages made from code are up to date, and code in pages runs."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from apivitals.catalog import CATALOG, Kind
from apivitals.objectives.thresholds import Thresholds

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")
METRIC = re.compile(
    r"(?<![\w:.])(?:apivitals|cpython|container|gen_ai|http_server|hw|process|system|target)_[a-z0-9_]+\b(?![:\w(])"
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NOT_A_HEADING = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# The extra `benchmark` has them; tests/real/test_migrating_docs.py looks at them
OTHERS = re.compile(r"^from (prometheus_fastapi_instrumentator|starlette_exporter) ", re.MULTILINE)


def test_reference_is_what_the_code_says():
    done = subprocess.run(
        [sys.executable, ROOT / "tools/reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_in_pages_runs(page, tmp_path):
    blocks = PYTHON_BLOCK.findall(page.read_text())
    for number, block in enumerate(blocks):
        if "fastapi" in block:
            pytest.importorskip("fastapi", reason="FastAPI is not installed: this is the plain Starlette suite")
        if any(find_spec(other) is None for other in OTHERS.findall(block)):
            continue
        done = subprocess.run(
            [sys.executable, "-c", block], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, f"block {number} of {page.name}:\n{block}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    missing = []
    for path, anchor in LINK.findall(page.read_text()):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target.read_text())):
            missing.append(f"{path}#{anchor}" if anchor else path)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_metrics_in_pages_are_ours(page):
    """Names that begin as ours do are of the catalog: metrics, their samples, labels; or keys of objectives."""
    if page.name == "migrating.md":
        pytest.skip("it has others' names, which tests/real/test_migrating_docs.py looks at")
    known = set(Thresholds.model_fields)
    for metric in CATALOG:
        samples = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ()
        known |= {metric.exposed, metric.family, *(metric.family + suffix for suffix in samples), *metric.label_names}
    unknown = {name for name in METRIC.findall(page.read_text()) if name not in known and not name.endswith("_")}
    assert unknown == set()


def anchors(text):
    """What GitHub calls the headings of a page: lower case, without punctuation, dashes for spaces."""
    headings = HEADING.findall(NOT_A_HEADING.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / path).resolve() for path, _ in LINK.findall(index.read_text()) if path}
    pages = {page.resolve() for page in PAGES if ROOT / "docs" in page.parents and page != index}
    assert {str(page.relative_to(ROOT)) for page in pages - listed} == set()
