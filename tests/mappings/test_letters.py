"""Letters as they are seen: signs that nobody sees, letters that look like others, words that were broken."""

from __future__ import annotations

import pytest

from mappings.vocabulary.letters import without_accents
from mappings.vocabulary.lines import line_of
from mappings.vocabulary.names import words
from service.guidelines import GUIDELINES
from service.rules.guideline import terminology_of

TERMINOLOGY = terminology_of(GUIDELINES)

UNSEEN = [
    "\u00ad",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u202a",
    "\u2066",
    "\ufe0f",
    "\u034f",
    "\u3164",
    "\U000e0061",
]


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_a_sign_that_nobody_sees_hides_no_word(sign: str) -> None:
    assert words(f"acide zolé{sign}dronique") == ["acide", "zoledronique"]
    assert [word.folded for word in line_of(f"scinti{sign}graphie")] == ["scintigraphie"]
    assert without_accents(f"a{sign}b") == "ab"


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
@pytest.mark.parametrize("text", ["deno{}sumab", "{}Xgeva", "Xgeva{}120 mg", "calcium{}denosumab", "Zometa 4{} mg"])
def test_a_drug_is_found_within_a_word_and_between_words(text: str, sign: str) -> None:
    names = TERMINOLOGY
    plain = names.recognise_name(text.format(" " if "m{}d" in text else ""))
    assert plain
    assert names.recognise_name(text.format(sign)) == plain


@pytest.mark.parametrize(
    "text",
    [
        *("Хgеvа 120 mg", "Xgеva", "dеnosumab", "ΖΟΜΕΤΑ", "denοsumab", "ɑcide zolédronique"),
        *("deno-sumab", "deno-\nsumab 120 mg", "\u202e021 avegX", "\u202dgm 021 avegX"),
    ],
    ids=ascii,
)
def test_what_may_look_like_one_of_ours_is_not_taken_for_another_drug(text: str) -> None:
    assert TERMINOLOGY.may_name_a_drug(text)


@pytest.mark.parametrize(
    "text", ["TNFα", "IFN-β1a", "β-lactamine", "Δ9", "100 μg", "co-trimoxazole", "bêta-bloquant", "Ω-3"]
)
def test_letters_and_hyphens_that_names_have_are_no_doubt(text: str) -> None:
    assert not TERMINOLOGY.may_name_a_drug(text)
