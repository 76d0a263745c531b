"""Footage of one fixed camera: what is normal for it, and what is not.

Modules in the order in which the data flows:

- ``label_classes``: the class ids of a label map.
- ``file_time``: when a footage file starts, read from its name.
- ``camera``: the camera's settings (``camera.yaml``).
- ``stream_address``, ``stream_names``, ``stream_segments``, ``stream_record``, ``stream_recover``:
  a network stream becomes footage files.
- ``image_runs``, ``footage_files``: videos and folders of images, in order of time.
- ``video_file``, ``video_plan``, ``video_decode``: opening a file, planning and decoding.
- ``video``: sampled frames of one file, with exact times and faults.
- ``image_samples``, ``footage_samples``: the same of images, and of either.
- ``read_ahead``: decoding runs ahead by a bounded number of frames.
- ``video_write``: deterministic H.264.
- ``registration``: how far the camera was moved or turned.
- ``frame_quality``: dark, bright, covered, corrupt, blurred, frozen, moved.
- ``motion``: the background plate, and what differs from it.
- ``plates``: the plate of each file.
- ``frame_pairs``: each sample with the frame shortly after it.
- ``day_footage``: all sampled frames of a day in one order of time.
- ``label_fusion``: network evidence and motion become one label map.
- ``labels``: the tables of the pass: frames, faults, label maps.
- ``stay``, ``day_codes``, ``code_tables``: what moves and stays in each frame.
- ``day_regions``, ``region_motion``: who and what moved, a row each, also between the samples.
- ``pass_notes``, ``label_pictures``: plate, contact sheet and quality strip.
- ``frame_labeller``: frames of the pass become label maps, codes and regions, in batches.
- ``label_pass``: one streaming pass over a camera-day that makes all of the above.
- ``counts``: how often each pixel was each class; the mergeable statistic.
- ``hourly_channels``: the same of speed, direction, size and stay at each place.
- ``scene_views``, ``scene_change``, ``scene_files``: since when the camera shows another scene.
- ``history``: which days of a window may judge a day.
- ``learned_normal``: counts of a window become mode, frequency and entropy.
- ``channel_window``, ``usual_channels``: what is usual where, in the channels.
- ``channel_history``, ``channel_scale``: how high normal frames score in them.
- ``day_channels``, ``channel_judge``, ``channel_words``: a day judged in its channels, in words.
- ``channel_events``, ``channel_notes``: their regions and scores beside those of class.
- ``tracking_rule``, ``person_size``, ``tracker``, ``tracking``, ``track_tables``, ``track_writer``:
  regions become tracks.
- ``average_paths``, ``path_zones``, ``trajectory_pictures``, ``trajectories``: the ways they go.
- ``anomaly``, ``events``: what departs from the normal, and for how long.
- ``event_queue``, ``event_marking``, ``event_marks``: what a person looks at, and said of it.
- ``event_feedback``, ``event_exclusion``: how the next days are judged by that.
- ``tone_light``: tone freed from changes of light.
- ``channel_codes``, ``channel_counts``: speed, direction, size and tone at each place, counted.
- ``channel_surprise``, ``channel_maps``: counts become tail probabilities, and maps of them.
- ``channel_calibration``, ``channel_regions``: maps become evidence, regions and tracks.
- ``channel_segments``, ``channel_normal``: all of it, learned by cross-fitting and applied.
- ``benchmark_layouts``: published footage with truth.
- ``benchmarks``, ``region_criteria``, ``alarm_events``, ``change_scores``: scores against truth.
- ``alarm_budget``: thresholds that keep a promised rate of false alarms.
- ``alarm_promise``: that rate promised, beside what held-out footage shows.
- ``benchmark_delta``, ``benchmark_run``, ``benchmark_change``: methods side by side.
- ``benchmark_scores``, ``benchmark_files``: what a benchmark leaves behind.
- ``privacy_frame``, ``privacy_cover``, ``privacy_drawing``, ``privacy_blur``, ``privacy_abstract``,
  ``privacy_warp``, ``background_filters``, ``privacy_filters``: what is seen instead of people.
- ``mask_safety``: masks that may be trusted to hide people.
- ``private_video_settings``, ``timed_video``, ``audio_copy``, ``video_header``: H.264 at the
  source's times.
- ``private_frames``, ``clean_plate``, ``private_video``, ``private_files``, ``private_day``,
  ``private_clip``: footage with people hidden.
- ``scramble``, ``scramble_file``, ``privacy_restore``: people encrypted, and shown again by who has
  the key.
- ``live_sources``, ``live_hiding``, ``live_frames``: a running camera, people hidden, shown live.
- ``audit_people``, ``audit_frames``, ``picture_likeness``: labelled people, to be hidden and found.
- ``audit_detectors``, ``audit_linking``, ``audit_restoring``, ``audit_attacks``: who is found,
  known again or restored after a privacy filter.
- ``audit_utility``, ``audit_coverage``: what is left to be counted, and what masks leave in view.
- ``privacy_audit``, ``audit_table``, ``audit_pictures``: all of it by method, with a verdict.
- ``measured_audit``: the table that ships, by which private videos are checked.
- ``lens``, ``lens_calibration``, ``lens_lines``: which way each pixel looks, and how that is found.
- ``rois``, ``roi_masks``, ``roi_overlap``: regions, and how much of a person is in them.
- ``occupancy``, ``stays``, ``occupancy_calibration``: when they were occupied.
- ``camera_edit``: one key of a ``camera.yaml`` written anew.
- ``report``: one self-contained HTML page per camera-day.
"""
