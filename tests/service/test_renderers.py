"""What a record can put into a card: words, whichever renderer a client uses. No link, image, address, mention or markup.

Three renderers of npm and two of PyPI, with HTML let through and addresses looked for, as the most careless client has them.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from support.ehr import ehr
from support.programs import npm_packages, required

from service.demo.embedded_fhir import ServerMissingError
from service.languages.render import BREAK, escape, plain, untyped

TESTS = Path(__file__).parents[1]
OURS = {"p", "ul", "li", "strong", "em"}
"""What our own markdown becomes."""

HOSTILE = (
    "http://evil.example/x",
    "HtTpS://EVIL.COM:80/?x=y#z",
    "http://[::1]/x http://127.0.0.1/ http:///evil.com http://user:pw@evil.com/",
    "www.evil.example WwW.evil.com www.1evil.com",
    "evil.com evil.fr/x evil.xn--p1ai evil.com:80 a.b..com 😀.com",
    "//evil.example/x //localhost/x ///evil.com",
    "ftp://evil.com smb://evil.com file:///etc/passwd",
    "a.b@evil.example mailto:a@evil.example mailto:a@b xmpp:a@evil.com/x a@b@c.com git@evil.com:a/b",
    "почта@почта.рф http://пример.рф www.пример.рф пример.рф",
    "@evil @evil/team #1 evil/evil#1 GH-1 :smile:",
    "[evil](http://evil.example) [evil](javascript:alert(1)) ![evil](http://evil.example/i.png)",
    "[evil][b] [evil] [b]: http://evil.example",
    "[^1] [^1]: http://evil.example",
    "<http://evil.example> <a@evil.com> <javascript:alert(1)>",
    "<script>alert(1)</script><img src=x onerror=alert(1)><!-- x <![CDATA[x]]> <?php ?>",
    "&lt;b&gt; &#60;b> &#x3c;b> &amp;lt; http&colon;//evil.com www&period;evil.com http&#58;//evil.com",
    "a | b | c |---|---| | a | b |",
    "- [ ] evil",
    "# evil",
    "=== evil",
    "---",
    "***",
    "> evil",
    "1. evil",
    "12) evil",
    "+ evil",
    "```evil ``evil`` `evil`",
    "~~~evil ~~evil~~ ~evil~",
    "**evil** __evil__ *evil* _evil_ ***evil*** ==evil== ^evil^ ++evil++ $evil$",
    "\\[evil\\](http://evil.example) \\\\[evil](http://evil.example) \\<b>",
    "evil \\",
    "http\u200b://evil.example \u202eexe.elpmaxe\u202c \u2066http://evil.example\u2069 \ufeffhttp://evil.com",
    "http://evil\u3002example http://evil\uff0ecom evil\u2024com www\u3002evil.com",
    "evil\r\n\r\n# evil\n\n    evil\n\n- evil",
    "evil\u2028\u2028- evil \u00a0\u00a0\u00a0\u00a0evil",
    "(http://evil.example) \"http://evil.example\" *http://evil.example* 'www.evil.com' x@evil.com.",
    "tel:+33123456789 javascript:alert(1) data:text/html,evil magnet:?xt=evil http:evil.com https:\\evil.com",
    '<details><summary>evil</summary> <svg/onload=alert(1)> <a href="http://evil.example">evil</a>',
)
PLACES = (
    *("{0}", "- {0}", "Word {0}. Next {0}, word", "**{0}**", "*{0}.*", "{0}: {0}", "{0}/{0}"),
    "Word {0}\n\n- {0}\n- word {0}",
)


def rendered(texts: list[str]) -> dict[str, list[str]]:
    """Each text as each renderer makes HTML of it."""
    try:
        node = required("node", r"v(\d+)", at_least=20, option="--version")
        npm_packages(TESTS / "renderers")
    except ServerMissingError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    done = subprocess.run(
        [node, str(TESTS / "renderers/render.mjs")], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    careless = MarkdownIt("gfm-like", {"linkify": True, "html": True})
    of_npm: dict[str, list[str]] = json.loads(done.stdout)
    return of_npm | {
        "markdown-it-py": [careless.render(text) for text in texts],
        "cmark-gfm": [cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE) for text in texts],
    }


def elements(page: str) -> set[str]:
    return set(re.findall(r"<\s*/?\s*([^\s/>]*)", page))


def words(page: str) -> str:
    """What is read, on one line."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).replace(BREAK, "").split())


@cache
def linkify() -> LinkifyIt:
    return LinkifyIt(options={"fuzzy_ip": True})


def test_each_renderer_makes_links_and_markup_where_nobody_keeps_it_from_doing_so():
    given = rendered(["http://evil.example/x", "a@evil.com", "**evil**", "<b>evil</b>"])
    for address, mail, strong, markup in given.values():
        assert [elements(one) for one in (address, mail, strong, markup)] == [
            *({"p", "a"}, {"p", "a"}, {"p", "strong"}, {"p", "b"})
        ]


def test_words_of_a_record_stay_words():
    texts = [place.format(escape(hostile)) for hostile in HOSTILE for place in PLACES]
    for renderer, pages in rendered(texts).items():
        for text, page in zip(texts, pages, strict=True):
            assert elements(page) <= OURS, f"{renderer}: {text}"


def test_they_read_as_they_stand_there():
    for renderer, pages in rendered([escape(hostile) for hostile in HOSTILE]).items():
        read = [words(page) for page in pages]
        assert read == [untyped(plain(escape(hostile))) for hostile in HOSTILE], renderer


@pytest.mark.parametrize("hostile", HOSTILE)
def test_without_markdown_they_are_the_same_words_and_no_link_is_found(hostile):
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in hostile).split())[:120]
    summary = plain(escape(hostile))
    assert untyped(summary) == line
    assert linkify().match(summary) is None


def test_words_without_an_address_are_left_alone():
    for said in ("Denosumab 120 mg s.c.", "Vit. D 1.5 mg/mL", "8,5 × 10,2 cm", "q4w i.v. 0.9 %", "C79.5"):
        assert escape(said) == said


# --- through the whole service ----------------------------------------------------------------------------------------

TOLD = frozenset({"text", "display", "unit", "title", "description", "valueString", "performedString"})
REQUESTS = sorted(
    path for told in ("hooks/*/request", "cases/clinician/*", "cases/realdata/*") for path in TESTS.glob(f"{told}.json")
)


def with_hostile_words(told: Any, names: frozenset[str], hostile: Iterator[str], *, coded: bool) -> Any:
    """The same with hostile words after each text of these names: a person, or another program, may have written it."""
    if isinstance(told, list):
        return [with_hostile_words(one, names, hostile, coded=coded) for one in told]
    if isinstance(told, dict):
        return {
            name: f"{value} {next(hostile)}"
            if name in names and isinstance(value, str)
            else with_hostile_words(value, names, hostile, coded=coded)
            for name, value in told.items()
            if coded or name != "coding" or "text" not in told
        }
    return told


@pytest.mark.parametrize(
    ("names", "coded"),
    [(TOLD, True), (TOLD, False), (TOLD | {"code"}, True)],
    ids=["beside codes", "without codes", "in codes"],
)
def test_no_card_of_a_hostile_record_has_a_link_or_markup_of_it(names, coded):
    client, hostile = ehr(), cycle(HOSTILE)
    told = [json.loads(path.read_text(encoding="utf-8")) for path in REQUESTS]
    cards = [card for one in told for card in client.cards(with_hostile_words(one, names, hostile, coded=coded))]
    details = [card["detail"] for card in cards if "detail" in card]
    for renderer, pages in rendered(details).items():
        for detail, page in zip(details, pages, strict=True):
            assert elements(page) <= OURS, f"{renderer}: {detail}"
    offered = [suggestion for card in cards for suggestion in card.get("suggestions", ())]
    lines = [*(card["summary"] for card in cards), *(one["label"] for one in offered)]
    lines += [action["description"] for one in offered for action in one["actions"]]
    assert [line for line in lines if linkify().match(line)] == []
    assert sum("evil" in text for text in (*details, *lines)) > FEWEST_HOSTILE


FEWEST_HOSTILE = 10
"""Texts in which hostile words stand: this many show that they come through to the cards."""
