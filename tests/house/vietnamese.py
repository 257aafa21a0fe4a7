"""English words in a Vietnamese sentence: recognised by a list of those that our sentences use."""

import re
from typing import Final

_NOT_PROSE: Final = re.compile(
    r"“[^”]*”|`[^`]*`"  # a quotation: the words of another program, a name
    r"|\{[^}]*\}"  # a place for a fact
    r"|\S*[/_.:=\[\]<>-]\S*[^\s.,;:)]"  # a path, an option, a host, a name with a mark in it
    r"|lienthong(?: [a-z-]+){1,2}|(?:ca|inbox|outbox|directory|topology|audit|store|queues|keys) [a-z-]+"  # a command
    r"|(?<![^\s(])-[a-z]\b"
)

_ENGLISH: Final = frozenset(
    re.findall(
        r"\w+",
        """
    about above after again agency all already also altered and another answer answers any anybody are as asks at away
    be because been before begin begins behind below between both broken but by bytes cannot came certificate change
    changes charter comes connection content could count counts cut directory does done each edition else empty end ends
    error every exists expired far file files first fits folder for found from full given goes hand has have held here
    holds how if in into is issued issuer it its key keys known later least left line lines list listed loaded made
    mailbox many match may message messages missing more most must name named names needs needed neither never newer no
    nobody none nor not nothing number of older on once one only open or order other others out over password place
    private proof public reached read refused refuses request revoked said says sealed sealing see seen sent serve
    serves sign signed signer signing since something somebody stands state stated stays still store such system table
    takes text than that the their then there these they this those time token too tried twice two under unknown
    until up user version was when where which while who whole whose will with within without word words wrong yet you
    """,
    )
)


def english_in(text: str) -> list[str]:
    """The English words of a Vietnamese text, in order. One with a capital letter is a name: From, DocumentId."""
    words = re.findall(r"[^\W\d_]+", _NOT_PROSE.sub(" ", text))
    return [word for word in words if word in _ENGLISH]
