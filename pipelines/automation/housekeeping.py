"""What the store need not keep: old versions, and pictures of private videos that were refused."""

from __future__ import annotations

from camera_analysis.privacy.private_day import may_show_somebody
from pipelines.storage.store import Store, Version


def tidy(store: Store, keep: int) -> tuple[Version, ...]:
    """Remove versions beyond the retention setting, and refused private videos with pictures.

    A video that fails its audit is put aside without pictures since they are taken out before; of
    versions from earlier on they are taken out here, whatever ``keep`` says. Their reasons stay.

    Args:
        store: of a home.
        keep: versions of each partition that stay, rejected ones likewise.

    Returns:
        What was removed.
    """
    forgotten = store.forget_rejected("private_video", may_show_somebody)
    return (*forgotten, *(one for one in store.prune(keep) if one not in forgotten))
