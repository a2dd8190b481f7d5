"""Nations: the countries that a text names, by their own name or by what is theirs.

"Britain", "the United Kingdom" and "British" name one. English; those common in the news whose name
is no other word's or person's ("Jordan", "Chad").
"""

import re
from collections.abc import Sequence

from service.kept import kept
from service.wording import Word, is_content, stems, words

# Each with its names, and what is said of its people and things.
_NATIONS = [
    tuple(tuple(form.split(", ")) for form in line.split(": "))
    for line in """
Afghanistan: Afghan
Albania: Albanian
Algeria: Algerian
Argentina: Argentine, Argentinian
Armenia: Armenian
Australia: Australian
Austria: Austrian
Azerbaijan: Azerbaijani
Bangladesh: Bangladeshi
Belarus: Belarusian
Belgium: Belgian
Bolivia: Bolivian
Bosnia: Bosnian
Brazil: Brazilian
Britain, United Kingdom, UK: British, Briton
Bulgaria: Bulgarian
Cambodia: Cambodian
Cameroon: Cameroonian
Canada: Canadian
Chile: Chilean
China: Chinese
Colombia: Colombian
Croatia: Croatian, Croat
Cuba: Cuban
Cyprus: Cypriot
Czech Republic, Czechia: Czech
Denmark: Danish, Dane
Ecuador: Ecuadorian
Egypt: Egyptian
Estonia: Estonian
Ethiopia: Ethiopian
Finland: Finnish
France: French
Germany: German
Ghana: Ghanaian
Greece: Greek
Haiti: Haitian
Hungary: Hungarian
Iceland: Icelandic, Icelander
India: Indian
Indonesia: Indonesian
Iran: Iranian
Iraq: Iraqi
Ireland: Irish
Israel: Israeli
Italy: Italian
Japan: Japanese
Kazakhstan: Kazakh
Kenya: Kenyan
Kuwait: Kuwaiti
Latvia: Latvian
Lebanon: Lebanese
Libya: Libyan
Lithuania: Lithuanian
Malaysia: Malaysian
Mexico: Mexican
Morocco: Moroccan
Nepal: Nepalese, Nepali
Netherlands, Holland: Dutch
Nigeria: Nigerian
North Korea: North Korean
Norway: Norwegian
Pakistan: Pakistani
Palestine: Palestinian
Peru: Peruvian
Philippines: Philippine, Filipino
Poland: Polish
Portugal: Portuguese
Qatar: Qatari
Romania: Romanian
Russia: Russian
Saudi Arabia: Saudi
Scotland: Scottish, Scot
Serbia: Serbian, Serb
Slovakia: Slovak
Slovenia: Slovenian
Somalia: Somali
South Africa: South African
South Korea: South Korean
Spain: Spanish, Spaniard
Sudan: Sudanese
Sweden: Swedish, Swede
Switzerland: Swiss
Syria: Syrian
Taiwan: Taiwanese
Thailand: Thai
Tunisia: Tunisian
Turkey: Turkish, Turk
Ukraine: Ukrainian
United States, US, U.S., America: American
Venezuela: Venezuelan
Vietnam: Vietnamese
Wales: Welsh
Yemen: Yemeni
""".strip().splitlines()
]
_OWNER = {form: n for n, (own, _) in enumerate(_NATIONS) for form in own}
_PEOPLE = {form: n for n, (_, people) in enumerate(_NATIONS) for form in people}


def _any(forms: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, forms), key=len, reverse=True))


# "Latin American" and "New Mexico" are of others. "British Airways" and "Iraqi Minister Ali Hasan"
# name that firm and that man: what they do their nation need not.
_NAMED = re.compile(
    r"(?<![\w-])(?<!Latin )(?<!South )(?<!North )(?<!Central )(?<!New )"
    rf"(?:(?P<of>(?:of|from) (?:the )?)?(?P<name>{_any(_OWNER)})(?![\w-])(?P<s>['’]s?\b)?"
    rf"|(?P<people>{_any(_PEOPLE)})s?(?!\w)(?! [A-Z]))"
)
# "French troops"
_PAIR = re.compile(rf"(?<![\w-])(?P<people>{_any(_PEOPLE)}) (?P<noun>[a-z]+)\b")
_A_NAME = re.compile(rf"(?<![\w-])(?P<people>{_any(_PEOPLE)}) [A-Z]")
_OF_OWN = re.compile(rf"(?<![\w-])(?P<name>{_any(_OWNER)}) (?P<noun>[a-z]+)\b")
NEAR_ITS_NOUN = 4  # words


def of_other_nations(text: str, known: str) -> list[str]:
    """What `text` gives to a nation and `known`, wherever it tells of it, to others only: "Spanish
    trawlers", in an article on French trawlers.
    """
    there = words(known)
    others = {match.start("noun") for match in _PAIR.finditer(known)}
    missing = []
    for match in _PAIR.finditer(text):
        (noun,) = stems(match["noun"])
        nation = _PEOPLE[match["people"]]
        places = [i for i, w in enumerate(there) if w.stem == noun]
        if not places or not is_content(words(match["noun"])[0]):
            continue
        if all(there[i].start in others and not _is_theirs(there, i, nation) for i in places):
            missing.append(match[0])
    return missing


def _is_theirs(sequence: Sequence[Word], at: int, nation: int) -> bool:
    """Whether a word is given to a nation: "Iraqi and British troops", "the troops of Iraq"."""
    own, people = (stems(" ".join(forms)) for forms in _NATIONS[nation])
    near = sequence[max(0, at - NEAR_ITS_NOUN) : at + NEAR_ITS_NOUN + 1]
    beside = [*sequence[max(0, at - 1) : at]]
    if [w.text for w in sequence[at + 1 : at + 2]] in (["of"], ["from"]):
        beside += sequence[at + 2 : at + 3]
    return any(w.stem in people for w in near) or any(w.stem in own for w in beside)


@kept(4096)
def in_another_form(text: str, known: str) -> frozenset[str]:
    """Stems of what `text` names a nation by where `known` does by the other: "American troops", of
    "US troops", and "Britain's prime minister", of "British Prime Minister Ada Krall".
    """
    theirs = {(_OWNER[m["name"]], *stems(m["noun"])) for m in _OF_OWN.finditer(known)}
    named = {_PEOPLE[m["people"]] for m in _A_NAME.finditer(known)}
    people = (
        match["people"]
        for match in _PAIR.finditer(text)
        if (_PEOPLE[match["people"]], *stems(match["noun"])) in theirs
        and is_content(words(match["noun"])[0])
    )
    own = (
        match["name"]
        for match in _NAMED.finditer(text)
        if match["name"]
        and _OWNER[match["name"]] in named
        and (match["s"] or (match["of"] or "").startswith("of"))
    )
    return frozenset().union(*map(stems, [*people, *own]))


def tells_a_nation(word: str) -> bool:
    """Whether it tells of what nation somebody or something is: "Danish", not "Denmark"."""
    return word in _PEOPLE


@kept(4096)
def kin(text: str) -> frozenset[str]:
    """Stems of the other names of the nations that a text names.

    What is British is Britain's; but who was in Britain need not be British, so of "Britain" that
    follows only from "of Britain" and "Britain's".
    """
    found: set[str] = set()
    for match in _NAMED.finditer(text):
        own, people = _NATIONS[_OWNER[match["name"]] if match["name"] else _PEOPLE[match["people"]]]
        found.update(*map(stems, own))
        if match["people"] or match["of"] or match["s"]:
            found.update(*map(stems, people))
    return frozenset(found)
