"""What a network and a training may be told. Loads without torch: settings and graphs need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from segmentation.stages import Stage

#: Names of torchvision's own segmentation networks begin with this.
TORCHVISION = "torchvision_"
#: Every architecture; ``models.registry`` holds a builder for each of these names.
ARCHITECTURES: tuple[str, ...] = (
    "unet",
    "convlstm_unet",
    "deeplabv3",
    "deeplabv3plus",
    "bisenetv1",
    "bisenetv2",
    "stdc1",
    "stdc2",
    "segformer_b0",
    "segformer_b1",
    "segformer_b2",
    "segformer_b3",
    "segformer_b4",
    "segformer_b5",
    "torchvision_deeplabv3_resnet50",
    "torchvision_deeplabv3_resnet101",
    "torchvision_deeplabv3_mobilenet_v3_large",
    "torchvision_lraspp_mobilenet_v3_large",
)
#: The U-Net's own way down, as its paper has it.
PLAIN = "plain"
#: Encoders that some architectures can look through; the first is theirs unless another is asked.
BACKBONES: Mapping[str, tuple[str, ...]] = {
    "unet": (PLAIN, "resnet18", "resnet50"),
    "deeplabv3": ("resnet50", "resnet18", "mobilenet_v2"),
    "deeplabv3plus": ("resnet50", "resnet18", "mobilenet_v2"),
}
#: What ``convlstm_unet`` answers on a clip: logits of each frame, or of the last only.
CLIP_OUTPUTS = ("each", "last")
#: Stands for the folder in which torchvision keeps the weights that it downloaded.
WEIGHTS_CACHE = "cache"
#: Arithmetic of the forward pass; weights and their updates are always float32.
PRECISIONS = ("float32", "bfloat16")
#: Loss of single pixels: all of them alike, the hard ones only (OHEM) as BiSeNet and STDC train, or
#: all of them, the hard ones more (focal).
PIXEL_LOSSES = ("bce", "ohem", "focal")
#: Loss of the overlap of mask and prediction.
REGION_LOSSES = ("dice", "jaccard")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Which network, and what it starts from.

    Raises:
        ValueError: an unknown architecture or encoder, or a size below one.
    """

    architecture: str = "unet"
    width: int = 64  # scales all channels; 64 is each paper's size, 16 suits two cores;
    # the torchvision networks have one size and ignore it
    classes: int = 1  # 1: one human logit; more: class ids, of which 1 is human
    backbone: str = ""  # encoder of unet, deeplabv3 and deeplabv3plus; "": the paper's
    object_kinds: bool = False  # unet on a ResNet: in training, a head for what is beside people
    clip_output: str = "each"  # convlstm_unet on clips: "each" frame's logits, or the "last"'s
    weights: str = ""  # to start from: "" random; "cache": torchvision's; else a file

    def __post_init__(self) -> None:
        """Refuse a network that cannot be built."""
        if self.architecture not in ARCHITECTURES:
            raise ValueError(
                f"architecture = {self.architecture!r}; expected one of {', '.join(ARCHITECTURES)}"
            )
        _require_at_least(1, width=self.width, classes=self.classes)
        offered = BACKBONES.get(self.architecture, ())
        if self.backbone and self.backbone not in offered:
            raise ValueError(
                f"backbone = {self.backbone!r} of {self.architecture}; expected"
                f" {' or '.join(offered) or 'none: its encoder is its own'}"
            )
        if self.object_kinds and (self.architecture != "unet" or self.encoder == PLAIN):
            raise ValueError(
                f"object_kinds of {self.architecture} on {self.encoder or 'its own encoder'}; only"
                " unet on resnet18 or resnet50 has a head for them"
            )
        _require_one_of(CLIP_OUTPUTS, clip_output=self.clip_output)

    @property
    def encoder(self) -> str:
        """Name of the encoder, where there is a choice; else nothing."""
        return self.backbone or BACKBONES.get(self.architecture, ("",))[0]


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a network is trained.

    With ``max_seconds=None`` the result is a function of configuration and data: two runs on a CPU
    give the same bits, also when one of them was interrupted.

    About a minute on two idle cores, for a demonstration on drawn 320 x 240 images with
    ``width=8..12``; people are small there, and few steps need large ones::

        TrainConfig(crop_px=128, steps=300, max_lr=5e-3, warmup_steps=20, max_person_px=110,
                    max_side_px=320, checkpoint_every=100, validate_every=100,
                    validation_images=24, validation_side_px=320)

    A training may go through stages: small crops first, of which many fit a second, larger ones
    later, under one warm-up and one decay. ``TRAINING`` in ``pipelines.demo.real_samples`` is such
    a recipe for some hundred photographs, and docs/training.md says what it brought::

        TrainConfig(crop_px=160, batch_size=16, max_person_px=220,
                    stages=(Stage(begins=0.35, crop_px=224, batch_size=8, max_person_px=280),))

    It takes half the time with ``precision="bfloat16"`` on a processor that has it. On a machine
    shared with other work, ``threads=1`` is faster than two threads that wait for each other.

    Raises:
        ValueError: a value out of range; names it.
    """

    # data
    crop_px: int = 256  # a person of 200 px with surroundings; divisible by 32, the deepest stride
    batch_size: int = 8  # enough for batch statistics; 3 GB at width 64
    max_side_px: int = 640  # photographs are shrunk to what cameras deliver
    cache_mb: int = 512  # decoded images kept; about 450 of 640 x 480
    workers: int = 1  # threads that prepare batches ahead; 0: none; the result is the same
    clip_frames: int = 4  # of every other step's clips, for networks that remember; 1: no clips
    sequences: str = ""  # a folder of labelled sequences that clips are taken from, too
    negative_share: float = 0.25  # crops from images without people; the dataset holds 20 %
    source_power: float = 0.5  # sources are drawn by size ** power: small ones are heard too

    # augmentation
    min_person_px: int = 20  # person height after scaling: smaller is a smudge
    max_person_px: int = 300  # beyond it the crop shows no outline
    person_centred_share: float = 0.6  # crops placed around a person, where there is one
    paste_share: float = 0.3  # crops with people of another image pasted in; 0 turns it off
    grey_share: float = 0.15  # night cameras have no colour
    blur_share: float = 0.2  # defocus and scaling of cheap lenses
    noise_share: float = 0.2  # sensor noise
    rotate_share: float = 0.15  # crops turned by up to 12 degrees: cameras hang askew
    elastic_share: float = 0.05  # limbs and clothes bent a little; more would bend walls
    fisheye_share: float = 0.05  # wide lenses; few, since frames are straightened beforehand
    salt_pepper_share: float = 0.05  # dead pixels and transmission errors are rare
    jpeg_share: float = 0.15  # recorders compress harder than photographers
    low_light_share: float = 0.1  # dark and grainy: half of a camera's day, few photographs
    equalize_share: float = 0.0  # flat luma histogram; 1 suits inference that equalizes frames too

    # loss
    pixel_loss: str = "bce"  # every pixel alike; "ohem": the hard ones only; "focal": those more
    focal_gamma: float = 2.0  # of "focal", as its paper has it; 0 is "bce"
    region_loss: str = "dice"  # or "jaccard", which punishes small overlaps more
    dice_weight: float = 1.0  # Dice looks at overlap, BCE at every pixel: equal say
    pos_weight: float = 1.0  # BCE weight of human pixels; Dice already counters the imbalance
    auxiliary_weight: float = 1.0  # of each head that exists for training only, as BiSeNet has it
    detail_weight: float = 1.0  # of STDC's outlines, as its paper has it

    # optimizer
    steps: int = 4_000  # 32,000 crops
    max_lr: float = 1e-3  # peak after warm-up; AdamW with batch norm from scratch bears it
    warmup_steps: int = 100  # Adam's second moment settles in about as many
    poly_power: float = 0.9  # decay to zero at the last step, as the source papers do
    weight_decay: float = 0.01  # AdamW's default; not on biases and norms
    clip_norm: float = 1.0  # a mislabelled crop must not undo a hundred good ones
    ema_decay: float = 0.998  # averages over the last 500 steps; 0 turns it off
    stages: tuple[Stage, ...] = ()  # other crops from a share of the training on
    head_steps: int = 0  # first steps in which a backbone keeps its pretrained weights
    backbone_lr_scale: float = 1.0  # a backbone's share of max_lr; 0.1 suits pretrained weights
    patience_validations: int = 0  # validations without a better IoU before the end; 0: all steps;
    # more than 0 also publishes the best averaged weights instead of the last

    # run
    seed: int = 0  # of weights, crops and colours
    device: str = "cpu"  # "cpu", "cuda", or "auto": cuda where there is one
    precision: str = "float32"  # everywhere; bfloat16 takes half the time where it is built in
    threads: int = 2  # of torch on a CPU; it decides how sums are split, hence the last bits
    checkpoint_every: int = 250  # steps; what a kill can cost
    validate_every: int = 250  # steps between validations; the last step is always validated
    validation_images: int = 64  # spread over the split: a curve, not the verdict
    validation_side_px: int = 384  # longer side at validation: a third of the time of 640
    max_seconds: float | None = None  # None: all steps; else the schedule ends by then
    mlflow_uri: str = ""  # where MLflow keeps its runs, e.g. sqlite:////data/mlflow.db; "": nowhere

    def __post_init__(self) -> None:
        """Refuse values that no training could use."""
        _require_at_least(
            1,
            batch_size=self.batch_size,
            steps=self.steps,
            threads=self.threads,
            checkpoint_every=self.checkpoint_every,
            validate_every=self.validate_every,
            validation_images=self.validation_images,
            min_person_px=self.min_person_px,
            clip_frames=self.clip_frames,
        )
        _require_at_least(0, workers=self.workers, cache_mb=self.cache_mb, seed=self.seed)
        _require_at_least(
            0, auxiliary_weight=self.auxiliary_weight, detail_weight=self.detail_weight
        )
        _require_at_least(0, warmup_steps=self.warmup_steps, weight_decay=self.weight_decay)
        _require_at_least(0, head_steps=self.head_steps, focal_gamma=self.focal_gamma)
        _require_at_least(
            0,
            backbone_lr_scale=self.backbone_lr_scale,
            patience_validations=self.patience_validations,
        )
        _require_at_least(16, max_side_px=self.max_side_px)
        _require_at_least(16, validation_side_px=self.validation_side_px)
        _require_shares(self)
        _require_recipe(self)
        begins = [stage.begins for stage in self.stages]
        if begins != sorted(set(begins)):
            raise ValueError(f"stages begin at {begins}; expected one after the other")
        _ = self.recipes  # each refuses what it could not use

    @property
    def recipes(self) -> tuple[TrainConfig, ...]:
        """The recipe of each stage, itself without any: before the first one, then from each on."""
        found = [replace(self, stages=()) if self.stages else self]
        for stage in self.stages:
            found.append(replace(found[-1], **stage.changes))
        return tuple(found)


def _require_at_least(low: float, **values: float) -> None:
    for name, value in values.items():
        if value < low:
            raise ValueError(f"{name} = {value}; expected at least {low}")


def _require_one_of(known: tuple[str, ...], **values: str) -> None:
    for name, value in values.items():
        if value not in known:
            raise ValueError(f"{name} = {value!r}; expected one of {', '.join(known)}")


def _require_shares(config: TrainConfig) -> None:
    for name in (
        "negative_share",
        "source_power",
        "person_centred_share",
        "paste_share",
        "grey_share",
        "blur_share",
        "noise_share",
        "rotate_share",
        "elastic_share",
        "fisheye_share",
        "salt_pepper_share",
        "jpeg_share",
        "low_light_share",
        "equalize_share",
    ):
        value = getattr(config, name)
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} = {value}; expected a fraction in [0, 1]")
    if not 0.0 <= config.ema_decay < 1.0:
        raise ValueError(f"ema_decay = {config.ema_decay}; expected at least 0 and below 1")


def _require_recipe(config: TrainConfig) -> None:
    if config.crop_px < 32 or config.crop_px % 32:
        raise ValueError(f"crop_px = {config.crop_px}; expected a multiple of 32")
    if config.max_person_px < config.min_person_px:
        raise ValueError(
            f"max_person_px = {config.max_person_px} is below min_person_px ="
            f" {config.min_person_px}; swap them"
        )
    _require_one_of(PRECISIONS, precision=config.precision)
    _require_one_of(PIXEL_LOSSES, pixel_loss=config.pixel_loss)
    _require_one_of(REGION_LOSSES, region_loss=config.region_loss)
    for name in ("max_lr", "poly_power", "pos_weight", "dice_weight", "clip_norm", "max_seconds"):
        value = getattr(config, name)
        if value is not None and not value > 0:
            raise ValueError(f"{name} = {value}; expected more than 0")
