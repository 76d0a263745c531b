"""What each published source is downloaded as: addresses, sizes, checksums, where it unpacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file of a published source.

    Args:
        url: http or https address.
        name: file name it is kept under.
        about_bytes: size in bytes, for the question before the download; exact if ``size_exact``.
        size_exact: ``about_bytes`` is published to the byte, and another size is refused.
        md5: published checksum; "" where nobody has published one.
        into: folder below the source's folder that it unpacks to.
        nested: archives inside, below ``into``, that unpack beside themselves.
    """

    url: str
    name: str
    about_bytes: int
    size_exact: bool = False
    md5: str = ""
    into: str = ""
    nested: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PublishedSource:
    """The files of one source, and the terms one agrees to by taking them."""

    terms: str
    archives: tuple[Archive, ...]


_COCO_TERMS = (
    "COCO annotations: CC BY 4.0. The photographs belong to their Flickr authors and come under"
    " their licences; COCO does not own them. https://cocodataset.org/#termsofuse"
)
_VOC_TERMS = (
    "PASCAL VOC 2012: images from Flickr, whose terms of use apply; cite Everingham et al."
    " http://host.robots.ox.ac.uk/pascal/VOC/voc2012/"
)

# The md5 of VOC and SBD are those that torchvision checks; those of COCO stand in the download
# scripts of PaddleDetection and others, that of ADE20K in several training code bases. Exact sizes
# are those that the servers state. Nobody publishes a checksum for the other files.
_COCO_TRAIN = Archive(
    url="http://images.cocodataset.org/zips/train2017.zip",
    name="train2017.zip",
    about_bytes=19_336_861_798,
    size_exact=True,
    md5="cced6f7f71b7629ddf16f17bbcfab6b2",
    into="images",
)
_COCO_VAL = Archive(
    url="http://images.cocodataset.org/zips/val2017.zip",
    name="val2017.zip",
    about_bytes=815_585_330,
    size_exact=True,
    md5="442b8da7639aecaf257c1dceb8ba8c80",
    into="images",
)

#: Source -> what to download. Full ADE20K is handed out after registration only, and Clothing
#: Co-Parsing as a repository.
PUBLISHED: Mapping[str, PublishedSource] = MappingProxyType(
    {
        "voc": PublishedSource(
            terms=_VOC_TERMS,
            archives=(
                Archive(
                    url="https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
                    name="VOCtrainval_11-May-2012.tar",
                    about_bytes=1_999_639_040,
                    size_exact=True,
                    md5="6cd6e144f989b92b3379bac3b3de84fd",
                ),
            ),
        ),
        "sbd": PublishedSource(
            terms="Semantic Boundaries Dataset: research use; images of PASCAL VOC 2011 from"
            " Flickr, whose terms of use apply; cite Hariharan et al., ICCV 2011.",
            archives=(
                Archive(
                    url="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz",
                    name="benchmark.tgz",
                    about_bytes=1_400_000_000,
                    md5="82b4d87ceb2ed10f6038a1cba92111cb",
                ),
            ),
        ),
        "coco_stuff": PublishedSource(
            terms=f"COCO-Stuff annotations: CC BY 4.0. {_COCO_TERMS}",
            archives=(
                _COCO_TRAIN,
                _COCO_VAL,
                Archive(
                    url="http://calvin.inf.ed.ac.uk/wp-content/uploads/data/cocostuffdataset/stuffthingmaps_trainval2017.zip",
                    name="stuffthingmaps_trainval2017.zip",
                    about_bytes=659_000_000,
                    into="stuffthingmaps",
                ),
            ),
        ),
        "coco_instances": PublishedSource(
            terms=_COCO_TERMS,
            archives=(
                _COCO_TRAIN,
                _COCO_VAL,
                Archive(
                    url="http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
                    name="annotations_trainval2017.zip",
                    about_bytes=252_907_541,
                    size_exact=True,
                    md5="f4bbac642086de4f52a3fdda2de5fa2c",
                ),
            ),
        ),
        "coco_panoptic": PublishedSource(
            terms=_COCO_TERMS,
            archives=(
                _COCO_TRAIN,
                _COCO_VAL,
                Archive(
                    url="http://images.cocodataset.org/annotations/panoptic_annotations_trainval2017.zip",
                    name="panoptic_annotations_trainval2017.zip",
                    about_bytes=861_000_000,
                    nested=(
                        "annotations/panoptic_train2017.zip",
                        "annotations/panoptic_val2017.zip",
                    ),
                ),
            ),
        ),
        "ade20k": PublishedSource(
            terms="ADE20K SceneParsing: annotations BSD-3-Clause; images for non-commercial"
            " research and education only. https://ade20k.csail.mit.edu/terms",
            archives=(
                Archive(
                    url="http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip",
                    name="ADEChallengeData2016.zip",
                    about_bytes=967_000_000,
                    md5="7328b3957e407ddae1d3cbf487f149ef",
                ),
            ),
        ),
        "penn_fudan": PublishedSource(
            terms="Penn-Fudan: free for research; copyright remains with the authors; cite Wang"
            " et al., ACCV 2007. https://www.cis.upenn.edu/~jshi/ped_html/",
            archives=(
                Archive(
                    url="https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",
                    name="PennFudanPed.zip",
                    about_bytes=53_700_000,
                ),
            ),
        ),
    }
)
