"""Sentences with their translations, some of them with links between words that people made: the Hansards."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

from lvmlib.data.files import PublishedFile
from lvmlib.validation import check_choice

Sentence = tuple[str, ...]
Links = frozenset[tuple[int, int]]

TRAINING_URL = "https://raw.githubusercontent.com/pdekker12/nlp2/49ba097/data/"
GOLD_URL = "https://raw.githubusercontent.com/felicienveldema/NLP2/99005f9/Project1/"


@dataclass(frozen=True)
class TextFile:
    """A text that is published as it is, and kept compressed in a local folder."""

    plain: PublishedFile
    compressed: PublishedFile | None = None

    def lines(self, root: str | os.PathLike | None) -> list[str]:
        """Of the compressed file where there is one, else of the plain one, which is downloaded if need be."""
        if self.compressed is not None and self._is_local(root):
            with gzip.open(self.compressed.find(root), "rt", encoding="utf-8") as file:
                return _lines(file.read())
        return _lines(self.plain.find(root).read_text(encoding="utf-8"))

    def _is_local(self, root: str | os.PathLike | None) -> bool:
        folder = root if root is not None else os.environ.get("LVMLIB_DATA")
        return bool(folder) and (Path(folder) / self.compressed.path).exists()


def _lines(text: str) -> list[str]:
    """By line feeds alone: ``splitlines`` splits at other characters too, which may stand within a sentence."""
    return text.removesuffix("\n").split("\n")


def _text(path: str, size: int, sha256: str, url: str, compressed: tuple[int, str] | None = None) -> TextFile:
    packed = None if compressed is None else PublishedFile(f"hansards/{path}.gz", *compressed, urls=())
    return TextFile(PublishedFile(f"hansards/{path}", size, sha256, (url,)), packed)


TEXTS = {
    "train": {
        "english": _text(
            "combination25000.e",
            2_444_865,
            "6a1b4b7fbaad844a9d637a05f8b5dad2578ef663fafad0a7d14d6f790b02f5d3",
            TRAINING_URL + "combination25000.e",
            (771_484, "d8c570914c0fc01d3c1d07af3476b92e50fc7bd1a0d9e9f542a2b77b9b5a4b86"),
        ),
        "french": _text(
            "combination25000.f",
            2_948_626,
            "38b6d014264f6440784e4d390a7f30ca560ff0fe70db52ccdc90797d6508f0db",
            TRAINING_URL + "combination25000.f",
            (875_622, "577deb5be36d4548df09ede0dd46955b23064b2142ad50fb79fd837101245ed0"),
        ),
    },
    "test": {
        "english": _text(
            "test.e",
            36_939,
            "d73d6edcf34615f9f9489d0c234a44eadb3294635d10c9ceb77c22afca46bb39",
            GOLD_URL + "testing/test/test.e",
        ),
        "french": _text(
            "test.f",
            42_709,
            "7aece2a76346cd3e36a43d6e2958bf08bd22a24469e50c7e21da90fe49e0402d",
            GOLD_URL + "testing/test/test.f",
        ),
        "links": _text(
            "test.wa.nonullalign",
            209_027,
            "eedb9a219cb672a79130557fd4a4bc698565078c6a64abe8d9b18c3bb3ec0651",
            GOLD_URL + "testing/answers/test.wa.nonullalign",
            (46_064, "29776cd5041a66a4f12e2666bccd88a88c0ae0b38edaefc2decc80aef074f636"),
        ),
    },
    "dev": {
        "english": _text(
            "dev.e",
            3_470,
            "56a871f16eafc2b44f9ba5942a636e2949baf288f228561f1889d821c04398d0",
            GOLD_URL + "validation/dev.e",
        ),
        "french": _text(
            "dev.f",
            3_940,
            "fb337c8e86297a538ebe533f9d283dc6e186961ab9ca032257bc1c1769f71b6e",
            GOLD_URL + "validation/dev.f",
        ),
        "links": _text(
            "dev.wa.nonullalign",
            17_728,
            "1c04fe099aa83c1ef0fd1044547e34684618f2362e20da8dca3d94cb3b096f74",
            GOLD_URL + "validation/dev.wa.nonullalign",
            (4_461, "38b1086bc7bc0d8a7b749c041ad9cb8c97ea8c267ad18de814eabd12feb1d8f1"),
        ),
    },
}
N_TEST = 447
"""So many pairs at the beginning of the training files are the test pairs."""


@dataclass(frozen=True, eq=False)
class ParallelText:
    """Sentences in two languages, ``source[n]`` the translation of ``target[n]``."""

    name: str
    source: tuple[Sentence, ...]
    target: tuple[Sentence, ...]
    sure: tuple[Links, ...] | None
    """Links (source position, target position), from 0, of which the annotators were sure; None where there are none."""
    possible: tuple[Links, ...] | None
    """Links that they thought possible, the sure ones among them."""
    languages: tuple[str, str]
    description: str
    licence: str
    origin: str
    """Where the files come from."""
    citation: str

    def __len__(self) -> int:
        return len(self.source)

    def __repr__(self) -> str:
        gold = "with" if self.sure is not None else "without"
        languages = " to ".join(self.languages)
        return f"ParallelText({self.name}: {len(self):,} pairs {languages}, {gold} links; licence: {self.licence})"


def hansards(split: str = "train", root: str | os.PathLike | None = None) -> ParallelText:
    """Debates of the Canadian parliament, English (source) and French (target), in words.

    Licence: none stated by its authors. Source: the HLT-NAACL 2003 shared task's texts (from
    the Aligned Hansards of the 36th Parliament, ISI), from github.com/pdekker12/nlp2 at
    commit 49ba097 and github.com/felicienveldema/NLP2 at commit 99005f9, SHA-256 checked; see
    :mod:`lvmlib.data` for where they are looked for.

    Parameters
    ----------
    split
        "train", 25,000 pairs without links; "test", 447 pairs with sure and possible links
        that two people made (Och and Ney); "dev", 37 pairs with links.
        Alignment models learn without links: they are usually fitted to "train" and the text
        of "test" together.
    root
        A folder that holds ``hansards/``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``split`` is another one, or ``root`` is not a folder.
    DatasetUnavailable
        If a file is not to be had, or is not the published one.

    References
    ----------
    Mihalcea & Pedersen, An evaluation exercise for word alignment, 2003; Och & Ney, A
    systematic comparison of various statistical alignment models, 2003.
    """
    check_choice("split", split, TEXTS)
    files = TEXTS[split]
    source, target = (_sentences(files[language].lines(root)) for language in ("english", "french"))
    sure = possible = None
    if split == "train":
        source, target = source[N_TEST:], target[N_TEST:]
    else:
        sure, possible = parse_links(files["links"].lines(root), source, target)
    return ParallelText(
        name=f"hansards, {split}",
        source=source,
        target=target,
        sure=sure,
        possible=possible,
        languages=("English", "French"),
        description=f"{len(source):,} sentences of the Canadian parliament's debates with their translations.",
        licence="none stated",
        origin="github.com/pdekker12/nlp2, commit 49ba097; github.com/felicienveldema/NLP2, commit 99005f9",
        citation="R. Mihalcea, T. Pedersen, An evaluation exercise for word alignment, HLT-NAACL 2003; F. J. Och, H. Ney, "
        "A systematic comparison of various statistical alignment models, Computational Linguistics 29, 2003",
    )


def parse_links(
    lines: list[str], source: tuple[Sentence, ...], target: tuple[Sentence, ...]
) -> tuple[tuple[Links, ...], tuple[Links, ...]]:
    """Sure and possible links of each pair, from lines ``pair source_position target_position S|P`` that count from 1.

    A sure link is a possible one too. Without S or P a link is sure.

    Raises
    ------
    ValueError
        If a line has another form, or a position lies outside its sentence.
    """
    sure: list[set[tuple[int, int]]] = [set() for _ in source]
    possible: list[set[tuple[int, int]]] = [set() for _ in source]
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) not in (3, 4) or not all(f.isdecimal() for f in fields[:3]) or fields[3:] not in ([], ["S"], ["P"]):
            raise ValueError(f"line {number} must be 'pair source_position target_position S|P', got {line!r}")
        pair, i, j = (int(field) - 1 for field in fields[:3])
        if not (0 <= pair < len(source) and 0 <= i < len(source[pair]) and 0 <= j < len(target[pair])):
            raise ValueError(f"line {number}, {line!r}, links words outside the sentences")
        possible[pair].add((i, j))
        if fields[3:] != ["P"]:
            sure[pair].add((i, j))
    return tuple(map(frozenset, sure)), tuple(map(frozenset, possible))


def _sentences(lines: list[str]) -> tuple[Sentence, ...]:
    return tuple(tuple(line.split()) for line in lines)

