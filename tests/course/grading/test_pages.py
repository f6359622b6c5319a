"""What students wrote and put out, on a page: it looks as it was meant, and nothing in it runs."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.grading.pages import PlainOutputs, highlighted, html, markdown, markdown_of_cell

HARMLESS = {
    "# Title": "<h1",
    "*a* and **b** and `c < d`": "<code>c &lt; d</code>",
    "- one\n- two": "<li>two</li>",
    "| a | b |\n|--|--|\n| 1 | 2 |": "<td>1</td>",
    "[a page](https://example.org/x)": 'href="https://example.org/x"',
    "![a picture](https://example.org/x.png)": 'alt="a picture"',  # fetching it would tell who looks at the page
    "$a < b$": "$a &lt; b$",
    "$$\\begin{aligned} x &= y \\end{aligned}$$": "x &amp;= y",
    "H<sub>2</sub>O": "<sub>2</sub>",
}
RUNS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))",
    "<a href='  javascript:alert(1)'>a</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>a</a>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<iframe src='/formgrader'></iframe>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<form action='/formgrader'><input type=submit></form>",
    "<p style='background:url(javascript:alert(1))'>a</p>",
    "<base href='//example.org/'><meta http-equiv=refresh content='0;url=//example.org'>",
    "```html\n<script>alert(1)</script>\n```",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "![a](data:image/svg+xml;base64,PHN2Zz4=)",
]
TAG = re.compile(r"<\s*/?\s*(script|iframe|svg|math|form|input|base|meta|style|object|embed|noscript)", re.IGNORECASE)
HANDLER = re.compile(r"<[^>]*\s(on\w+|style)\s*=", re.IGNORECASE)
SCHEME = re.compile(r"""<[^>]*(href|src)\s*=\s*["']?\s*(javascript|data:text|data:image/svg)""", re.IGNORECASE)


@pytest.mark.parametrize("source", HARMLESS)
def test_what_is_harmless_is_shown(source):
    assert HARMLESS[source] in markdown(source)


@pytest.mark.parametrize("source", RUNS)
def test_what_would_run_is_shown_as_text_or_not_at_all(source):
    page = markdown(source)
    assert not TAG.search(page) and not HANDLER.search(page) and not SCHEME.search(page), page
    page = html(source)
    assert not TAG.search(page) and not HANDLER.search(page) and not SCHEME.search(page), page


@pytest.mark.parametrize("source", ["# mean_test", "<p id='mean_test'>a</p>", "<a name='mean_test'>a</a>"])
def test_no_id_that_the_formgrader_would_find(source):
    for page in (markdown(source), html(source)):
        assert not re.search(r"<[^>]*\s(id|name)=", page), page


def test_places_that_feedback_links_to():
    assert html("<a name='verdict-mean'></a>") == '<a name="verdict-mean"></a>'


PNG = "iVBORw0KGgo="


def test_attached_pictures():
    attachments = {
        "a.png": {"image/png": PNG},
        "a.svg": {"image/svg+xml": "PHN2Zz4="},
        'x" onerror="alert(1)': {"image/png": PNG},
    }
    assert f'src="data:image/png;base64,{PNG}"' in markdown("![a](attachment:a.png)", attachments)
    assert "svg+xml" not in markdown("![a](attachment:a.svg)", attachments)
    mimetype = {"a": {'image/png" onerror="alert(1)': PNG}}
    (tag,) = BeautifulSoup(markdown("![a](attachment:a)", mimetype), "html.parser").find_all("img")
    assert set(tag.attrs) <= {"src", "alt"}
    cell = new_markdown_cell("", attachments=attachments)
    assert f'src="data:image/png;base64,{PNG}"' in markdown_of_cell({"cell": cell}, "![a](attachment:a.png)")
    assert markdown_of_cell({}, "*a*") == markdown("*a*")


@pytest.mark.parametrize("attachments", [None, {}, {"a.png": {}}, {"a.png": "text"}, {"a.png": None}])
def test_a_picture_that_is_lost_costs_only_itself(attachments):
    page = markdown("before ![my <b> drawing](attachment:a.png) after", attachments)
    assert "before" in page and "after" in page
    assert "a picture that is not there: my" in page


def test_a_cell_that_cannot_be_rendered_is_shown_as_it_is(monkeypatch):
    def fails(*_):
        raise RecursionError

    monkeypatch.setattr("course.grading.pages.MarkdownWithMath.render", fails)
    assert markdown("a <b> *c*") == "<pre>a &lt;b&gt; *c*</pre>"


def test_a_table_of_pandas():
    table = """<div>
<style scoped>
    .dataframe tbody tr th { vertical-align: top; }
</style>
<table border="1" class="dataframe"><thead><tr><th></th><th>x</th></tr></thead>
<tbody><tr><th>0</th><td>1.5</td></tr></tbody></table>
</div>"""
    page = html(table)
    assert "<thead><tr><th></th><th>x</th></tr></thead>" in page
    assert "vertical-align" not in page and "&lt;" not in page
    assert html(b"<b>a</b>") == "<b>a</b>"


def test_outputs_say_only_the_size_of_a_picture():
    hostile = {
        "image/png": {"width": "1 onload=alert(1)", "height": 3, "alt": "a"},
        "text/html": {"isolated": True},
        "isolated": True,
    }
    output = new_output("display_data", data={"image/png": PNG}, metadata=hostile)
    notebook = new_notebook(
        cells=[new_code_cell("", outputs=[output, new_output("stream", text="a")]), new_markdown_cell("a")]
    )
    notebook, _ = PlainOutputs(enabled=True)(notebook, {})
    assert notebook.cells[0].outputs[0].metadata == {"image/png": {"height": 3}}


RELATIVE = "[a](evil.html) [b](http:evil.html) [c](/formgrader/x) <a href='files/evil.svg'>d</a> ![e](http:/logout) [f](//x.example)"


def test_no_link_leads_into_what_was_handed_in_or_into_the_formgrader():
    made = markdown(RELATIVE + " [g](https://example.org) [h](#place)")
    assert re.findall(r'href="([^"]*)"', made) == ["https://example.org", "#place"]
    assert "src=" not in made


@pytest.mark.parametrize("made_for_it", ["<style>" * 20_000, "<b>" * 3000 + "</p>" * 3000, "x" * 300_000])
def test_html_that_would_take_for_ever_is_shown_as_text(made_for_it):
    made = html(made_for_it)
    assert made.startswith("<pre>") and len(made) < 700_000


def test_markdown_and_code_that_would_take_for_ever_are_shown_as_text():
    made = markdown("\\begin{a}" * 9000)
    assert made.startswith("<pre>") and "further characters" not in made
    assert "further characters" in markdown("x" * 200_000)
    assert highlighted({}, "a." * 20_000).startswith('<div class="highlight hl-ipython3"><pre>a.a.')
    assert "<span" in highlighted({}, "def f(x): return x")


def test_a_table_of_pandas_is_a_table():
    rows = "".join(f"<tr><th>{n}</th><td>{n}</td></tr>" for n in range(60))
    assert html(f"<style scoped>td {{ color: red }}</style><table>{rows}</table>").count("<tr>") == 60
