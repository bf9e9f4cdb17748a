"""Words by which a text that names a drug, an act or a diagnosis says that it is none: not given, not done, not there, in doubt.

French, English and German, compared by whole words. Words never say that something is there; these say that it may not be.
"""

from __future__ import annotations

from mappings.vocabulary.names import Phrase, begins, holds, phrases, words

_NOT_GIVEN = frozenset(
    word
    for several in (
        "arrêt arrêter arrêté arrêtée arrêtés arrêtées stop",
        "stopped stopping stopper stoppé suspendre suspendu suspendue",
        "suspended interrompre interrompu interrompue interruption",
        "interrupted cesser cessé cessation discontinue discontinued",
        "discontinuation discontinuing hold held withhold withheld",
        "annuler annulé annulée annulation cancel cancelled canceled",
        "cancellation refus refusé refusée refused declined",
        "contraindicated allergie allergy intolérance intolerance pause sevrage",
        "abgesetzt abgesetzte absetzen pausiert pausieren",
        "storniert abgelehnt verweigert kontraindiziert unverträglichkeit gestoppt",
    )
    for word in words(several)
)
_NOT_GIVEN_IN_A_ROW = phrases(
    "contre indication|contre indications|contre indiqué|contre indiquée|ne pas|ne plus",
    "pas de|plus de|fin de|fin du|fin d|do not",
    "don t|not to|no more|end of|on hold|non administré",
    "non administrée|non donné|non donnée|non reçu|non reçue|non pris|non prise",
    "not given|not administered|not taken|not received",
    "nicht gegeben|nicht verabreicht|nicht mehr|nicht geben|nicht erhalten",
    "nicht eingenommen",
)
_OF_A_FORM = frozenset(
    words("injectable buvable buvables orale oral nasale pour for injection ophtalmique rectale nébulisation")
)
"""A suspension is a form, unless it heads the text and is of none: « Suspension Xgeva »."""

_BEGIN_NOT_GIVEN = frozenset(phrase[0] for phrase in _NOT_GIVEN_IN_A_ROW)

_NOT_DONE = phrases(
    "non réalisé|non réalisée|non fait|non faite|non effectué",
    "non effectuée|pas réalisé|pas réalisée|pas fait|pas faite|pas effectué",
    "pas effectuée|annulé|annulée|annulation|refus|refusé",
    "refusée|récusé|récusée|déprogrammé|déprogrammée|non venu|non venue",
    "not done|not performed|not carried out|cancelled|canceled|declined|refused|no show",
    "nicht erfolgt|nicht durchgeführt|nicht erschienen|abgelehnt|storniert|abgesagt",
)
_BEGIN_NOT_DONE = frozenset(phrase[0] for phrase in _NOT_DONE)

_ABSENT = phrases(
    "pas de|pas d|absence de|absence d|aucun|aucune|no|not|without|kein|keine|keinen|ausschluss|exclusion de|ruled out",
    "antécédent familial|antécédents familiaux|ATCD familial|ATCD familiaux",
    "family history|familienanamnese|dépistage|screening",
    "prévention|risque de",
)
_DOUBTED = phrases(
    "suspicion|suspected|suspect de|suspecté|suspectée|possible|probable",
    "verdacht|v a|recherche de|recherche d|rule out|r o|éliminer",
    "à éliminer",
)


def denies_giving(text: str) -> bool:
    """A text that names a drug says that it is stopped, refused or not to be given: « Arrêt Xgeva », « hold denosumab »."""
    said = tuple(words(text))
    if not _NOT_GIVEN.isdisjoint(said) or (said[:1] == ("suspension",) and _OF_A_FORM.isdisjoint(said)):
        return True
    return not _BEGIN_NOT_GIVEN.isdisjoint(said) and any(holds(said, phrase) for phrase in _NOT_GIVEN_IN_A_ROW)


def denies_doing(text: str) -> bool:
    """A text that names an act says that it was not done: « Panoramique dentaire non réalisé », "declined"."""
    said = tuple(words(text))
    return not _BEGIN_NOT_DONE.isdisjoint(said) and any(holds(said, phrase) for phrase in _NOT_DONE)


def denies_having(text: str) -> bool:
    """A text that names a diagnosis begins with what denies it, or says that it is another's: « Pas de … », "No …"."""
    return _begins(text, _ABSENT)


def doubts_having(text: str) -> bool:
    """A text that names a diagnosis begins with a doubt: « Suspicion de … », « V. a. … »."""
    return _begins(text, _DOUBTED)


def _begins(text: str, beginnings: tuple[Phrase, ...]) -> bool:
    return begins(tuple(words(text)), beginnings)
