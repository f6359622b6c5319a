"""DNA: E. coli promoters and primate splice junctions, one letter a column."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import torch

from lvmlib.data.files import DatasetUnavailable, PublishedFile
from lvmlib.data.record import Dataset

BASES = ("A", "C", "G", "T")
PROMOTERS = PublishedFile(
    "dna/promoters.data",
    7_130,
    "edd5f6f266ee04a78d4a8d88594e335fb8b5e8f204e63244eec3c2a9e5befd9d",
    (
        "https://archive.ics.uci.edu/ml/machine-learning-databases/molecular-biology/"
        "promoter-gene-sequences/promoters.data",
    ),
)
SPLICE_COMPRESSED = PublishedFile(
    "dna/splice.arff.gz",
    100_395,
    "70d50aed602ae77f844fa6c446ade09955b7a2b5212f1cafff8d88c9ff53c707",
    (),
)
SPLICE = PublishedFile(
    "dna/splice.arff",
    527517,
    "7e9b1b59c6731059f40bf16874fcac85af43fa65504b05cc6517b1a4c70fd99a",
    ("https://raw.githubusercontent.com/renatopp/arff-datasets/c59f172/classification/splice.arff",),
)
SPLICE_CLASSES = {"EI": "exon to intron", "IE": "intron to exon", "N": "neither"}


def promoters(root: str | os.PathLike | None = None) -> Dataset:
    """E. coli promoters: 106 sequences of 57 bases, 53 with biological promoter activity and 53 without.

    ``x`` holds integers, codes into ``symbols`` = A, C, G, T; a column is a position relative
    to the start of transcription, -50 to +7 (there is no position 0).

    Licence: none stated (UCI Machine Learning Repository, Molecular Biology). Source: UCI,
    promoter gene sequences, promoters.data, 7,130 bytes, SHA-256 checked; see
    :mod:`lvmlib.data` for where it is looked for.

    Parameters
    ----------
    root
        A folder that holds ``dna/promoters.data``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``root`` is not a folder.
    DatasetUnavailable
        If the file is not to be had, or is not the published one.

    References
    ----------
    Harley & Reynolds, Analysis of E. coli promoter sequences, 1987; Towell, Shavlik & Noordewier,
    Refinement of approximate domain theories by knowledge-based neural networks, 1990.
    """
    rows = [line.split(",") for line in PROMOTERS.find(root).read_text(encoding="ascii").split("\n") if line]
    classes = {"+": "promoter", "-": "no promoter"}
    return _sequences(
        name="promoters",
        sequences=[sequence.strip().upper() for _, _, sequence in rows],
        labels=[mark.strip() for mark, _, _ in rows],
        classes=classes,
        positions=[*range(-50, 0), *range(1, 8)],
        description="106 sequences of 57 bases of E. coli, half of them promoters.",
        source="UCI Machine Learning Repository, Molecular Biology (Promoter Gene Sequences)",
        citation="C. Harley and R. Reynolds, Analysis of E. coli promoter sequences, Nucleic Acids Research 15, 1987; "
        "G. Towell, J. Shavlik and M. Noordewier, Refinement of approximate domain theories by knowledge-based "
        "neural networks, AAAI 1990",
    )


def splice_junctions(root: str | os.PathLike | None = None) -> Dataset:
    """Primate splice junctions: 3,190 windows of 60 bases of DNA, by what is in the middle of each.

    ``x`` holds integers, codes into ``symbols`` = A, C, G, T, and -1 for the 60 letters that
    the source gives as ambiguous (N: any; D, R, S: some of the four). A column is a position
    relative to the junction, -30 to +30 (there is no position 0). Classes: exon to intron
    (767), intron to exon (768), neither (1,655).

    Licence: none stated (UCI Machine Learning Repository, Molecular Biology). Source:
    github.com/renatopp/arff-datasets, classification/splice.arff at commit c59f172, as it is
    or compressed by gzip, SHA-256 checked; see :mod:`lvmlib.data` for where it is looked for.

    Parameters
    ----------
    root
        A folder that holds ``dna/splice.arff.gz`` or ``dna/splice.arff``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``root`` is not a folder.
    DatasetUnavailable
        If the file is not to be had, or is not the published one.

    References
    ----------
    Noordewier, Towell & Shavlik, Training knowledge-based neural networks to recognize genes in DNA sequences, 1991.
    """
    rows = []
    for line in _splice_text(root).split("\n"):
        if line.strip() and line[0] not in "%@":
            _, *bases, kind = (part.strip() for part in line.split(","))
            rows.append(("".join(bases), kind))
    return _sequences(
        name="splice_junctions",
        sequences=[sequence for sequence, _ in rows],
        labels=[kind for _, kind in rows],
        classes=SPLICE_CLASSES,
        positions=[*range(-30, 0), *range(1, 31)],
        description="3,190 windows of 60 bases of primate DNA around splice junctions and elsewhere.",
        source="github.com/renatopp/arff-datasets, classification/splice.arff, commit c59f172; from GenBank 64.1",
        citation="M. Noordewier, G. Towell and J. Shavlik, Training knowledge-based neural networks to recognize genes "
        "in DNA sequences, NIPS 1991",
    )


def _splice_text(root: str | os.PathLike | None) -> str:
    folder = root if root is not None else os.environ.get("LVMLIB_DATA")
    if folder and (Path(folder) / SPLICE_COMPRESSED.path).exists():
        path = SPLICE_COMPRESSED.find(root)
        try:
            return gzip.decompress(path.read_bytes()).decode("ascii")
        except (OSError, EOFError) as error:
            raise DatasetUnavailable(f"{path} cannot be decompressed: {error}") from error
    return SPLICE.find(root).read_text(encoding="ascii")


def _sequences(
    *, sequences: list[str], labels: list[str], classes: dict[str, str], positions: list[int], **fields: object
) -> Dataset:
    code = {base: number for number, base in enumerate(BASES)}
    marks = list(classes)
    return Dataset(
        x=torch.tensor([[code.get(letter, -1) for letter in sequence] for sequence in sequences]),
        labels=torch.tensor([marks.index(mark) for mark in labels]),
        label_names=tuple(classes.values()),
        feature_names=tuple(f"position {position:+d}" for position in positions),
        units="base",
        licence="none stated",
        symbols=BASES,
        **fields,
    )
