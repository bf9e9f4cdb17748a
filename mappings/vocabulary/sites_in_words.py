"""The bones, sides and other targets that a line of order entry names (rules.md, "Acts in words": site, side, dose)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mappings.vocabulary.lines import ELISION, Phrase, Word, one_word, phrases, stands_at

Line: TypeAlias = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class SiteSaid:
    """What a line names as its place: bones as `valuesets/bones.csv` writes them, concepts of sites, and whether it is bone.

    `place` is the word of the line at which it stands, `length` how many words it takes.
    """

    place: int
    bones: tuple[str, ...]
    concept: str
    is_bone: bool = True
    length: int = 1


NOT_BONE = "site_not_bone"
SPINE = "site_spine"

_BONES: tuple[tuple[tuple[Phrase, ...], tuple[str, ...], str], ...] = (
    (
        phrases(
            *("rachis cervical", "colonne cervicale", "vertèbre cervicale", "vertébrale cervicale", "cervical spine"),
            *("rachis cervico", "charnière cervico"),
        ),
        ("spine:1-7",),
        SPINE,
    ),
    (
        phrases(
            *("rachis dorsal", "rachis thoracique", "colonne dorsale", "colonne thoracique", "vertèbre dorsale"),
            *("vertèbre thoracique", "vertébrale dorsale", "vertébrale thoracique", "thoracic spine", "dorsal spine"),
            *("thoracic vertebra", "dorsal", "dorsale", "dorsaux"),
        ),
        ("spine:8-19",),
        SPINE,
    ),
    (
        phrases(
            *("rachis dorso lombaire", "rachis dorsolombaire", "charnière dorso lombaire", "charnière dorsolombaire"),
            *("thoraco lombaire", "thoracolombaire", "dorso lombaire", "dorsolombaire", "thoracolumbar"),
        ),
        ("spine:8-24",),
        SPINE,
    ),
    (phrases("lombo sacré", "lombosacré", "lombo sacrée", "lombosacrée", "lumbosacral"), ("spine:20-29",), SPINE),
    (phrases("lombaire", "lumbar"), ("spine:20-24",), SPINE),
    (phrases("sacrum", "sacré", "sacrée", "sacral", "sacrale"), ("spine:25-29",), SPINE),
    (phrases("coccyx", "coccygien", "coccygienne"), ("spine:30-30",), SPINE),
    (
        phrases(
            *("rachis", "rachidien", "rachidienne", "colonne vertébrale", "vertèbre", "vertébral", "vertébrale"),
            *("vertébraux", "spine", "spinal", "vertebra", "vertebrae"),
        ),
        ("spine:1-30",),
        SPINE,
    ),
    (
        phrases(
            *("fémur", "fémoral", "fémorale", "fémoraux", "femoral", "trochanter", "trochantérien", "trochantérienne"),
            *("pertrochantérien", "pertrochantérienne", "intertrochantérien", "trochantérique"),
        ),
        ("femur",),
        "site_femur",
    ),
    (phrases("humérus", "huméral", "humérale", "huméraux", "humeral"), ("humerus",), "site_humerus"),
    (phrases("tibia", "tibial", "tibiale", "tibiaux"), ("tibia",), "site_long_bone"),
    (phrases("péroné", "fibula", "fibulaire", "péronier"), ("fibula",), "site_long_bone"),
    (
        phrases(
            "radius",
        ),
        ("radius",),
        "site_long_bone",
    ),
    (phrases("cubitus", "ulna", "ulnaire"), ("ulna",), "site_long_bone"),
    (
        phrases("cotyle", "cotyloïdien", "cotyloïdienne", "acétabulum", "acétabulaire", "acetabular"),
        ("acetabulum", "pelvis"),
        "site_pelvis",
    ),
    (
        phrases(
            *(
                "bassin",
                "hémibassin",
                "hémi bassin",
                "os iliaque",
                "aile iliaque",
                "crête iliaque",
                "iliaque",
                "ilium",
                "ilion",
                "iliac",
                "ischion",
            ),
            *("ischium", "ischiatique", "pubis", "pubien", "pubienne", "ischio pubienne", "sacro iliaque"),
            *("pelvic bone", "bony pelvis"),
        ),
        ("pelvis",),
        "site_pelvis",
    ),
    (phrases("sternum", "sternal", "sternale", "manubrium"), ("sternum",), "site_other_bone"),
    (phrases("scapula", "scapulaire", "scapular", "omoplate"), ("scapula",), "site_other_bone"),
    (phrases("clavicule", "clavicle"), ("clavicle",), "site_other_bone"),
    (phrases("costal", "costale", "costaux", "rib"), ("rib",), "site_other_bone"),
    (phrases("rotule", "patella"), ("patella",), "site_other_bone"),
    (phrases("mandibule", "mandibulaire", "mâchoire", "mandible", "jaw"), ("jaw",), "site_jaw"),
    (phrases("os", "osseux", "osseuse", "bone", "bony"), (), "site_bone_any"),
)

_OTHER_TARGETS = phrases(
    *("encéphale", "encéphalique", "cérébral", "cérébrale", "cérébraux", "cerveau", "cérébelleux", "brain", "cerebral"),
    *("poumon", "pulmonaire", "lung", "pulmonary", "thoracique", "thorax", "thoracic", "chest", "lobe", "lobaire"),
    *("médiastin", "médiastinal", "médiastinale", "médiastinaux", "mediastinum", "mediastinal"),
    *("foie", "hépatique", "liver", "hepatic", "surrénale", "surrénalien", "surrénalienne", "adrenal"),
    *("ganglion", "ganglionnaire", "adénopathie", "lymph node", "nodal", "sein", "mammaire", "breast"),
    *("prostate", "prostatique", "prostatic", "peau", "cutané", "cutanée", "skin", "œsophage", "oesophage"),
    *("oesophagien", "oesophagienne", "esophagus", "rectum", "rectal", "rectale", "vessie", "bladder", "pancréas"),
    *("pancréatique", "pancreas", "rein", "rénal", "rénale", "kidney", "bronchique", "bronche", "endobronchique"),
    *("thyroïde", "thyroïdien", "thyroïdienne", "plèvre", "pleural", "pleurale", "synovial", "synoviale"),
)
_HEAD_AND_NECK = phrases("ORL", "larynx", "laryngé", "pharynx", "pharyngé", "head and neck", "VADS", "cavum")

_OTHER_BONES = phrases(
    *("métacarpien", "métacarpe", "métatarsien", "métatarse", "phalange", "poignet", "main", "doigt", "orteil"),
    *("malaire", "zygoma", "orbite", "nez", "maxillaire", "maxillo facial", "calcanéum", "talus", "cheville"),
    *("carpe", "scaphoïde", "malléole", "malléolaire", "wrist", "hand", "finger", "ankle"),
)
"""Bones that no rule is about: what heads the line is done to them."""

SiteRow: TypeAlias = tuple[Phrase, tuple[str, ...], str, bool]


def _by_first_word() -> dict[str, list[SiteRow]]:
    rows: list[SiteRow] = [(one, bones, concept, True) for said, bones, concept in _BONES for one in said]
    rows += [(one, (), NOT_BONE, False) for one in _OTHER_TARGETS]
    rows += [(one, (), "site_head_neck", False) for one in _HEAD_AND_NECK]
    rows += [(one, (), "", False) for one in _OTHER_BONES]
    found: dict[str, list[SiteRow]] = {}
    for row in sorted(rows, key=lambda row: -len(row[0])):
        found.setdefault(row[0][0], []).append(row)
    return found


_SITES = _by_first_word()

_FIRST_OF_LEVEL = {"c": (1, 7), "t": (8, 12), "d": (8, 12), "l": (20, 5), "s": (25, 1)}
"""The number of the first vertebra of each letter in `mappings.facts.bones`, and how many there are."""

_TO = one_word("à", "a", "to", "au")
_NODES_AND_VESSELS = one_word("ganglion ganglionnaire adénopathie aire artère artériel curage lymph node nodes veine")
_PER = "per"
_CAPTION = one_word("cancer carcinome adénocarcinome carcinoma k néo néoplasie")
_ENDS_A_CLAUSE = (",", ";", ":", "(")
_COUNTED = one_word("gy gray cgy séance séances fraction fractions fx x jour jours j")


def sites_in(line: Line, begin: int) -> Iterator[SiteSaid]:
    """The sites that the words from `begin` on name, in their order.

    A cancer that is named in a clause of its own is why the act is done, not where.
    """
    place = begin
    while place < len(line):
        length = 1
        if (level := _vertebra(line, place)) is not None:
            length, first, last = _stretch(line, place, level)
            yield SiteSaid(place, (f"spine:{first}-{last}",), SPINE, length=length)
        elif (joined := _joined_levels(line[place].folded)) is not None:
            first, last = sorted(joined)
            yield SiteSaid(place, (f"spine:{first}-{last}",), SPINE)
        elif _is_rib(line, place):
            yield SiteSaid(place, ("rib",), "site_other_bone")
        else:
            for wanted, bones, concept, is_bone in _SITES.get(line[place].folded, ()):
                if stands_at(line, place, wanted) and not _means_other(line, place, begin, is_bone=is_bone):
                    length = len(wanted)
                    yield SiteSaid(place, bones, concept, is_bone, length)
                    break
        place += length


def _means_other(line: Line, place: int, begin: int, *, is_bone: bool) -> bool:
    """Iliac nodes and « per os » are no bone; the organ of a cancer in a clause of its own is no target."""
    before = line[max(begin, place - 3) : place]
    if is_bone:
        by_mouth = bool(before) and before[-1].folded == _PER
        return by_mouth or any(word.folded in _NODES_AND_VESSELS for word in before[-2:])
    for step, word in enumerate(before):
        if word.folded in _CAPTION:
            earlier = place - len(before) + step - 1
            return earlier >= begin and any(mark in line[earlier].after for mark in _ENDS_A_CLAUSE)
    return False


def _vertebra(line: Line, place: int) -> int | None:
    """The number of the vertebra that a word names; a T beside an N or an M with a figure is a stage."""
    word = line[place].folded
    number = _level(word)
    if number is None:
        return None
    if word[0] == "t" and any(_is_stage(line[near].folded) for near in (place - 1, place + 1) if 0 <= near < len(line)):
        return None
    return number


def _level(word: str) -> int | None:
    letter, number = word[0], word[1:]
    if letter not in _FIRST_OF_LEVEL or not number.isdecimal() or not number.isascii() or len(number) > 2:
        return None
    first, count = _FIRST_OF_LEVEL[letter]
    if not 1 <= int(number) <= count:
        return None
    return first + int(number) - 1


def _is_stage(word: str) -> bool:
    short = word.lstrip("cpy")
    return len(short) in (2, 3) and short[0] in "nm" and (short[1].isdigit() or short[1] == "x")


def _joined_levels(word: str) -> tuple[int, int] | None:
    """« L5S1 »: two vertebrae in one word."""
    second = next((place for place in range(2, len(word)) if word[place] in _FIRST_OF_LEVEL), None)
    if second is None:
        return None
    first, last = _level(word[:second]), _level(word[second:])
    return None if first is None or last is None else (first, last)


def _stretch(line: Line, place: int, first: int) -> tuple[int, int, int]:
    """How many words a vertebra or a range of them takes, and the first and last vertebra."""
    joined = line[place].after.strip()
    is_range, ahead = joined in ("-", "/"), place + 1
    if not joined and ahead < len(line) and line[ahead].folded in _TO:
        is_range, ahead = True, ahead + 1
    if not is_range or ahead >= len(line):
        return 1, first, first
    last = _vertebra(line, ahead)
    if last is None and line[place].after == "-":
        last = _same_letter(line, place, ahead)
    if last is None:
        return 1, first, first
    return ahead - place + 1, min(first, last), max(first, last)


def _same_letter(line: Line, place: int, ahead: int) -> int | None:
    """« L3-5 »: the second number of a range; one that counts something is none."""
    number = line[ahead].folded
    follows = line[ahead + 1].folded if ahead + 1 < len(line) else ""
    first, count = _FIRST_OF_LEVEL[line[place].folded[0]]
    if not (number.isdecimal() and number.isascii()) or len(number) > 2 or follows in _COUNTED:
        return None
    return first + int(number) - 1 if 1 <= int(number) <= count else None


_RIB, _A_SIDE = "cote", "côté"


def _is_rib(line: Line, place: int) -> bool:
    """« côtes », or one with its number: « côté » is a side."""
    word = line[place]
    if word.folded != _RIB or word.written.startswith(_A_SIDE):
        return False
    numbered = place > 0 and line[place - 1].is_figure
    ahead = line[place + 1] if place + 1 < len(line) else None
    counted = ahead is not None and ahead.folded.isdecimal() and _not_a_dose(line, place + 1)
    return word.written.endswith("s") or numbered or counted


def _not_a_dose(line: Line, place: int) -> bool:
    return place + 1 >= len(line) or line[place + 1].folded not in _COUNTED


# --- sides ------------------------------------------------------------------------------------------------------------

_SIDES = {
    **dict.fromkeys(one_word("droit droite droits droites right dte drt"), ("right",)),
    **dict.fromkeys(one_word("gauche gauches left gche"), ("left",)),
    **dict.fromkeys(one_word("bilatéral bilatérale bilateral bilatéraux"), ("left", "right")),
}
_SIDE_LETTERS = {"d": ("right",), "g": ("left",)}


def side_at(line: Line, place: int) -> tuple[str, ...]:
    """The sides that a word says; a D or G with an apostrophe is a letter of French, a G after a figure is grams."""
    word = line[place]
    if word.folded in _SIDE_LETTERS:
        after_figure = place > 0 and line[place - 1].is_figure
        return () if word.after.startswith(ELISION) or after_figure else _SIDE_LETTERS[word.folded]
    return _SIDES.get(word.folded, ())


def bones_with_sides(line: Line, begin: int, sites: tuple[SiteSaid, ...]) -> tuple[str, ...]:
    """The bones of the sites, each with the side that is said of it: after it in French, before it in English."""
    at = {site.place: site for site in sites}
    done: list[str] = []
    waiting: list[SiteSaid] = []
    last: list[SiteSaid] = []
    said: tuple[str, ...] = ()
    for place in range(begin, len(line)):
        if place in at:
            waiting.append(at[place])
            if said:
                done += [bone for site in waiting[-1:] for bone in _of_side(site, said)]
                last, said = [waiting.pop()], ()
        elif sides := side_at(line, place):
            if line[place].folded in _BEFORE_THE_BONE and (place + 1 in at or place + 2 in at):
                said = sides
            elif waiting or last:
                last = waiting or last
                done += [bone for site in last for bone in _of_side(site, sides)]
                waiting = []
            else:
                said = sides
    done += [bone for site in waiting for bone in site.bones]
    return tuple(dict.fromkeys(done))


_BEFORE_THE_BONE = one_word("right left")


def _of_side(site: SiteSaid, sides: tuple[str, ...]) -> list[str]:
    return [bone if ":" in bone else f"{bone}:{side}" for bone in site.bones for side in sides]


# --- dose -------------------------------------------------------------------------------------------------------------

_GRAYS = one_word("gy gray grays cgy")


def states_a_dose(line: Line) -> bool:
    """A number of grays."""
    return any(
        (word.folded in _GRAYS and place > 0 and line[place - 1].folded[0].isdigit())
        or (word.folded[0].isdigit() and word.folded.endswith(("gy", "gray")))
        for place, word in enumerate(line)
    )
