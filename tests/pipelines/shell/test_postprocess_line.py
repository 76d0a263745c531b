"""Steps after the network, from the settings to a camera's label maps."""

from dataclasses import replace

from assets.partitions import camera_day_key
from camera_analysis.labelling.labels import read_labels_meta
from pipelines.shell.runs import Planned, Runner
from tests.segmentation.factories_model import write_untrained

DAY = "2026-01-05"


def test_a_changed_step_makes_new_label_maps_that_name_it(tiny):
    tiny.film("door", f"{DAY}T08-00-00.mp4", seconds=3)
    store = tiny.store
    with store.draft("champion_model") as draft:
        write_untrained(draft, bias=0.1)
        store.publish(store.seal(draft, "champion_model", code_version="1", inputs=(), config={}))
    found = {}
    for name, steps in {"none": {}, "over time": {"temporal_weight": 0.5}}.items():
        inference = {"backend": "eager", "postprocess": steps}
        runner = Runner(replace(tiny.settings, inference=inference))
        runner.add_camera("door")
        runner.run(Planned(job="camera_job", partition=camera_day_key("door", DAY)))
        runner.instance.dispose()
        found[name] = store.require("label_maps", f"door/{DAY}")
    metas = [read_labels_meta(store.path(version)).segmenter for version in found.values()]
    assert metas[1] == f"{metas[0]}+temporal_weight=0.5"
    assert found["none"] != found["over time"]
    recipe = store.provenance(found["over time"]).config["inference"]
    assert recipe["postprocess"]["temporal_weight"] == 0.5
