"""The only Definitions object: what exists, how it runs, and when."""

import dagster as dg

from assets import (
    camera_index,
    cameras,
    dataset,
    event_review,
    models,
    occupancy,
    private_video,
    review,
    scenes,
    trajectories,
)
from assets.partitions import with_first_day, with_sources
from pipelines.automation.champion_sensor import champion_sensor
from pipelines.automation.jobs import JOBS
from pipelines.automation.schedules import (
    nightly_cameras,
    nightly_event_marks,
    weekly_rebuild,
    weekly_retention,
)
from pipelines.automation.sensors import footage_sensor, private_video_sensor, rebuild_sensor
from pipelines.executors import executor_of
from pipelines.logs import shell_logger
from pipelines.resources import resources_of
from pipelines.settings import Settings, load_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions of one home: the same graph everywhere, other resources and executor."""
    return dg.Definitions(
        assets=dg.map_asset_specs(
            lambda spec: with_first_day(
                with_sources(spec, settings.custom_sources), settings.first_day
            ),
            dg.load_assets_from_modules(
                [
                    *(dataset, review, models, cameras, camera_index, scenes, event_review),
                    *(occupancy, trajectories, private_video),
                ]
            ),
        ),
        jobs=JOBS,
        schedules=[
            weekly_rebuild(settings),
            nightly_event_marks(settings),
            nightly_cameras(settings),
            weekly_retention(settings),
        ],
        sensors=[
            footage_sensor(settings),
            champion_sensor(settings),
            private_video_sensor(settings),
            rebuild_sensor(settings),
            dg.AutomationConditionSensorDefinition(
                "automation_sensor",
                target=dg.AssetSelection.assets("camera_index"),
                default_status=dg.DefaultSensorStatus.RUNNING,
            ),
        ],
        executor=executor_of(settings.executor, settings.home),
        loggers={"console": dg.colored_console_logger, "shell": shell_logger},
        resources=resources_of(settings),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Load the settings of this home when Dagster loads the code location, not at import."""
    return build_definitions(load_settings())
